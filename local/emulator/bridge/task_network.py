"""The network of a task: RunTask rejects subnets and security groups that do not exist or are in different VPCs. MiniStack
accepts any.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
"""

from ministack.services import ec2

MOST_SUBNETS = 16
MOST_SECURITY_GROUPS = 5


def problem(request: dict, definition: dict) -> str | None:
    if definition.get("networkMode") != "awsvpc":
        return None
    network = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    subnets, groups = network.get("subnets") or [], network.get("securityGroups") or []
    if not subnets:
        return "Network Configuration must be provided when networkMode 'awsvpc' is specified."
    for name, given, most in (("subnets", subnets, MOST_SUBNETS), ("securityGroups", groups, MOST_SECURITY_GROUPS)):
        if len(given) > most:
            return f"{name} can have at most {most} items."
    for subnet in subnets:
        if subnet not in ec2._subnets:
            return (f"Error retrieving subnet information for [{', '.join(subnets)}]: "
                    f"The subnet ID '{subnet}' does not exist (ErrorCode: InvalidSubnetID.NotFound)")
    for group in groups:
        if group not in ec2._security_groups:
            return (f"Error retrieving security group information for [{', '.join(groups)}]: "
                    f"The security group '{group}' does not exist (ErrorCode: InvalidGroup.NotFound)")
    vpcs = {ec2._subnets[subnet]["VpcId"] for subnet in subnets}
    if len(vpcs) > 1:
        return f"The subnets are in different VPCs: {', '.join(sorted(vpcs))}"
    for group in groups:
        if ec2._security_groups[group]["VpcId"] not in vpcs:
            return f"Security group {group} does not appear to belong to the same VPC as the input subnets."
    return None
