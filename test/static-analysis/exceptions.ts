/**
 * Findings that stay, on what an app itself makes: a VPC, a bucket, a key. What the library makes carries its reasons itself, in `src/common/acknowledgements.ts`.
 */
export interface Exception {
  /** Name of the app. */
  readonly app: string;
  /** Path of the construct. */
  readonly path: string;
  readonly rules: string[];
  readonly reason: string;
}

const PACKS = ['HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321'];
const inAll = (rule: string) => PACKS.map(pack => `${pack}-${rule}`);

/** The VPC of an example stands for the one that its user has, with the flow logs and the closed group that are the rule there. */
function vpcOf(app: string, path: string): Exception[] {
  return [
    {
      app,
      path: `${path}/Resource`,
      rules: ['AwsSolutions-VPC7', ...inAll('VPCFlowLogsEnabled'), ...inAll('VPCDefaultSecurityGroupClosed')],
      reason: 'stands for the VPC that the user has; the example is about the runner in it',
    },
    ...['PublicSubnet1', 'PublicSubnet2'].flatMap(subnet => [
      {
        app,
        path: `${path}/${subnet}/Subnet`,
        rules: inAll('VPCSubnetAutoAssignPublicIpDisabled'),
        reason: 'the CDK\'s default of a public subnet; only a NAT gateway is in it, which has its address anyway',
      },
      { app, path: `${path}/${subnet}/DefaultRoute`, rules: inAll('VPCNoUnrestrictedRouteToIGW'), reason: 'the way out of the NAT gateway' },
    ]),
  ];
}

export const EXCEPTIONS: Exception[] = [
  ...vpcOf('network', 'RunnerStack/Vpc'),
  ...vpcOf('production', 'ProductionRunnerStack/Vpc'),
  {
    app: 'rules-secrets-environment',
    path: 'RunnerStack/Runner/TaskRole/DefaultPolicy/Resource',
    rules: [
      ...inAll('IAMNoInlinePolicy'),
      ...['GetObject*', 'GetBucket*', 'List*', 'DeleteObject*', 'Abort*'].map(action => `AwsSolutions-IAM5[Action::s3:${action}]`),
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::my-org-artifacts/*]',
    ],
    reason: 'what the example grants to the runner with the CDK\'s own bucket.grantReadWrite(), for it to be seen',
  },
  {
    app: 'everything',
    path: 'Everything/Own/StateBucket',
    rules: ['Annotation::@aws-cdk/aws-s3:accessLogsPolicyNotAdded'],
    reason: 'the bucket for the access logs is imported, as an account has one, and its policy is said elsewhere',
  },
];
