"""VPC endpoints: DescribeVpcEndpoints returns the policy, the security groups and whether there are private DNS names.
In MiniStack, CreateVpcEndpoint does not store them.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
"""

import json
from xml.sax.saxutils import escape

from ministack.services import ec2

ALLOW_ALL = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}'


def _keeping_settings(create):
    def create_vpc_endpoint(params):
        before = set(ec2._vpc_endpoints)
        status, headers, body = create(params)
        for endpoint_id in set(ec2._vpc_endpoints) - before:
            endpoint = ec2._vpc_endpoints[endpoint_id]
            endpoint["SecurityGroupIds"] = ec2._parse_member_list(params, "SecurityGroupId")
            # An interface endpoint of the API has private DNS names unless the request says otherwise.
            endpoint["PrivateDnsEnabled"] = ec2._p(params, "PrivateDnsEnabled", "true") == "true"
            endpoint["PolicyDocument"] = ec2._p(params, "PolicyDocument") or None
        return status, headers, body

    return create_vpc_endpoint


def _with_settings(write):
    def endpoint_xml(endpoint, tag="item"):
        document = endpoint.get("PolicyDocument") or ALLOW_ALL
        text = document if isinstance(document, str) else json.dumps(document)
        groups = "".join(f"<item><groupId>{group}</groupId></item>" for group in endpoint.get("SecurityGroupIds") or [])
        has_names = endpoint["VpcEndpointType"] == "Interface" and str(endpoint.get("PrivateDnsEnabled")).lower() == "true"
        added = (f"<policyDocument>{escape(text)}</policyDocument><groupSet>{groups}</groupSet>"
                 f"<privateDnsEnabled>{str(has_names).lower()}</privateDnsEnabled>")
        head, end, rest = write(endpoint, tag).rpartition(f"</{tag}>")
        return head + added + end + rest

    return endpoint_xml


def install() -> None:
    ec2._ACTION_MAP["CreateVpcEndpoint"] = _keeping_settings(ec2._ACTION_MAP["CreateVpcEndpoint"])
    ec2._vpce_fields_xml = _with_settings(ec2._vpce_fields_xml)
