"""Physical IDs of secrets: `Ref` of a secret returns its ARN. MiniStack returns its name.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html#aws-resource-secretsmanager-secret-return-values
"""

from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners


def _name_of(arn: str) -> str:
    key, _ = secretsmanager._resolve(arn)
    return key or arn


def install() -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def create_secret(logical_id, props, stack_name):
        _, attributes = create(logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def update_secret(physical_id, old_props, new_props, stack_name, logical_id=None):
        _, attributes = update(_name_of(physical_id), old_props, new_props, stack_name, logical_id)
        return attributes["Arn"], attributes

    def delete_secret(physical_id, props):
        return delete(_name_of(physical_id), props)

    handler["create"], handler["update"], handler["delete"] = create_secret, update_secret, delete_secret
