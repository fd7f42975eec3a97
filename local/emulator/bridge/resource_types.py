"""Resource types that MiniStack supports in its API but not in CloudFormation.

A handler calls the API with the properties of the resource. It returns the physical id (`Ref`) and the attributes
(`Fn::GetAtt`).
"""

from ministack.services import ec2, ecs, iam
from ministack.services.cloudformation import provisioners

from .api import call, ec2_tags, iam_tags, members, value_of


# AWS::IAM::OIDCProvider


def create_oidc_provider(logical_id, props, stack_name):
    answer = call(iam._create_oidc_provider, {
        "Url": props["Url"],
        **members("ClientIDList", props.get("ClientIdList")),
        **members("ThumbprintList", props.get("ThumbprintList")),
        **iam_tags(props.get("Tags")),
    })
    arn = value_of(answer, "OpenIDConnectProviderArn")
    return arn, {"Arn": arn}


def update_oidc_provider(physical_id, old_props, new_props, stack_name):
    # A new URL replaces the resource, so it causes no update.
    # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2092
    if not new_props.get("ThumbprintList"):
        raise ValueError("1 validation error detected: Value null at 'thumbprintList' failed to satisfy constraint: Member must not be null")
    provider = iam._oidc_providers[physical_id]
    provider["ClientIDList"] = list(new_props.get("ClientIdList") or [])
    provider["ThumbprintList"] = list(new_props.get("ThumbprintList") or [])
    provider["Tags"] = list(new_props.get("Tags") or [])
    return physical_id, {"Arn": physical_id}


def delete_oidc_provider(physical_id, props):
    if physical_id in iam._oidc_providers:
        call(iam._delete_oidc_provider, {"OpenIDConnectProviderArn": physical_id})


# AWS::ECS::ClusterCapacityProviderAssociations


def associate_capacity_providers(logical_id, props, stack_name):
    cluster = props["Cluster"]
    status, _headers, body = ecs._put_cluster_capacity_providers({
        "cluster": cluster,
        "capacityProviders": props.get("CapacityProviders", []),
        "defaultCapacityProviderStrategy": provisioners._pascal_to_camel(props.get("DefaultCapacityProviderStrategy") or []),
    })
    if status >= 400:
        raise ValueError(str(body))
    return cluster, {}


def update_capacity_providers(physical_id, old_props, new_props, stack_name):
    return associate_capacity_providers("", new_props, stack_name)


def dissociate_capacity_providers(physical_id, props):
    ecs._put_cluster_capacity_providers({"cluster": physical_id})


# AWS::EC2::EIP and AWS::EC2::NatGateway: used by VPCs of the CDK


def allocate_address(logical_id, props, stack_name):
    answer = call(ec2._allocate_address, {
        "Domain": props.get("Domain"), **ec2_tags("elastic-ip", props.get("Tags")),
    })
    address = value_of(answer, "publicIp")
    return address, {"AllocationId": value_of(answer, "allocationId"), "PublicIp": address}


def release_address(physical_id, props):
    for address in list(ec2._addresses.values()):
        if address["PublicIp"] == physical_id:
            call(ec2._release_address, {"AllocationId": address["AllocationId"]})


def create_nat_gateway(logical_id, props, stack_name):
    answer = call(ec2._create_nat_gateway, {
        "SubnetId": props.get("SubnetId"),
        "AllocationId": props.get("AllocationId"),
        "ConnectivityType": props.get("ConnectivityType"),
        **ec2_tags("natgateway", props.get("Tags")),
    })
    gateway = value_of(answer, "natGatewayId")
    return gateway, {"NatGatewayId": gateway}


def delete_nat_gateway(physical_id, props):
    call(ec2._delete_nat_gateway, {"NatGatewayId": physical_id})


# AWS::EC2::SecurityGroupIngress and …Egress: used by `connections.allowTo` between two security groups


def _permission(props) -> dict:
    peer = props.get("SourceSecurityGroupId") or props.get("DestinationSecurityGroupId")
    prefix_list = props.get("SourcePrefixListId") or props.get("DestinationPrefixListId")
    description = props.get("Description")
    return {
        "GroupId": props["GroupId"],
        "IpPermissions.1.IpProtocol": props.get("IpProtocol", "-1"),
        "IpPermissions.1.FromPort": props.get("FromPort"),
        "IpPermissions.1.ToPort": props.get("ToPort"),
        "IpPermissions.1.IpRanges.1.CidrIp": props.get("CidrIp"),
        "IpPermissions.1.IpRanges.1.Description": description if props.get("CidrIp") else None,
        "IpPermissions.1.Ipv6Ranges.1.CidrIpv6": props.get("CidrIpv6"),
        "IpPermissions.1.Groups.1.GroupId": peer,
        "IpPermissions.1.PrefixListIds.1.PrefixListId": prefix_list,
    }


def security_group_rule(authorize, revoke) -> dict:
    def create(logical_id, props, stack_name):
        call(authorize, _permission(props))
        return f"{props['GroupId']}-{logical_id}", {}

    def update(physical_id, old_props, new_props, stack_name):
        call(revoke, _permission(old_props))
        call(authorize, _permission(new_props))
        return physical_id, {}

    def delete(physical_id, props):
        # The group may already be deleted with its rules.
        if props["GroupId"] in ec2._security_groups:
            call(revoke, _permission(props))

    return {"create": create, "update": update, "delete": delete}


def handlers() -> dict:
    return {
        "AWS::IAM::OIDCProvider": {
            "create": create_oidc_provider, "update": update_oidc_provider, "delete": delete_oidc_provider,
        },
        "AWS::ECS::ClusterCapacityProviderAssociations": {
            "create": associate_capacity_providers,
            "update": update_capacity_providers,
            "delete": dissociate_capacity_providers,
        },
        "AWS::EC2::EIP": {"create": allocate_address, "delete": release_address},
        "AWS::EC2::NatGateway": {"create": create_nat_gateway, "delete": delete_nat_gateway},
        "AWS::EC2::SecurityGroupIngress": security_group_rule(ec2._authorize_sg_ingress, ec2._revoke_sg_ingress),
        "AWS::EC2::SecurityGroupEgress": security_group_rule(ec2._authorize_sg_egress, ec2._revoke_sg_egress),
    }


# Properties whose change replaces the resource, according to the CloudFormation reference.
REPLACING = {
    "AWS::IAM::OIDCProvider": ("Url",),
    "AWS::ECS::ClusterCapacityProviderAssociations": ("Cluster",),
    "AWS::EC2::NatGateway": ("SubnetId", "AllocationId", "ConnectivityType"),
}


def install() -> None:
    for name, handler in handlers().items():
        # A handler of a later MiniStack version has priority.
        if name not in provisioners._RESOURCE_HANDLERS:
            provisioners._RESOURCE_HANDLERS[name] = handler
            provisioners._REPLACING_PROPERTIES.setdefault(name, REPLACING.get(name, ()))
