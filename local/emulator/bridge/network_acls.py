"""Network ACLs: a subnet has the default ACL of its VPC until it gets another one, and rules can have port ranges. MiniStack
supports neither.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
"""

from ministack.services import ec2


def _associate_subnets() -> None:
    acls = list(ec2._network_acls.values())
    associated = {association["SubnetId"] for acl in acls for association in acl["Associations"]}
    for acl in acls:
        acl["Associations"] = [association for association in acl["Associations"] if association["SubnetId"] in ec2._subnets]
        if acl["IsDefault"]:
            acl["Associations"] += [
                {"NetworkAclAssociationId": subnet.replace("subnet-", "aclassoc-"), "SubnetId": subnet}
                for subnet, record in ec2._subnets.items() if record["VpcId"] == acl["VpcId"] and subnet not in associated
            ]


def _describing(describe):
    def describe_network_acls(params):
        _associate_subnets()
        return describe(params)

    return describe_network_acls


def _keeping_ports(act):
    """Handles the actions that write an entry. MiniStack appends the entry to its ACL."""
    def write_entry(params):
        status, headers, body = act(params)
        first, last = ec2._p(params, "PortRange.From"), ec2._p(params, "PortRange.To")
        if status == 200 and first and last:
            ec2._network_acls[ec2._p(params, "NetworkAclId")]["Entries"][-1]["PortRange"] = (first, last)
        return status, headers, body

    return write_entry


def _with_ports(write):
    def entry_xml(entry):
        text = write(entry)
        if "PortRange" not in entry:
            return text
        first, last = entry["PortRange"]
        return text.replace("</item>", f"<portRange><from>{first}</from><to>{last}</to></portRange></item>")

    return entry_xml


def install() -> None:
    actions = ec2._ACTION_MAP
    actions["DescribeNetworkAcls"] = _describing(actions["DescribeNetworkAcls"])
    for name in ("CreateNetworkAclEntry", "ReplaceNetworkAclEntry"):
        actions[name] = _keeping_ports(actions[name])
    ec2._network_acl_entry_xml = _with_ports(ec2._network_acl_entry_xml)
