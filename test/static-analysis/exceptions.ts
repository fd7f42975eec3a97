/**
 * Accepted findings about resources that an app itself creates: a VPC, a bucket or a key. The library's resources carry their reasons themselves; see
 * `src/common/acknowledgements.ts`.
 */
export interface Exception {
  /** The name of the app. */
  readonly app: string;
  /** The path of the construct. */
  readonly path: string;
  readonly rules: string[];
  readonly reason: string;
}

const PACKS = ['HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321'];
const inAll = (rule: string) => PACKS.map(pack => `${pack}-${rule}`);

/** The VPC of an example stands for the user's VPC, which usually has flow logs and a closed default security group. */
function vpcOf(app: string, path: string): Exception[] {
  return [
    {
      app,
      path: `${path}/Resource`,
      rules: ['AwsSolutions-VPC7', ...inAll('VPCFlowLogsEnabled'), ...inAll('VPCDefaultSecurityGroupClosed')],
      reason: 'stands for the user\'s VPC; the example is about the runner in it',
    },
    ...['PublicSubnet1', 'PublicSubnet2'].flatMap(subnet => [
      {
        app,
        path: `${path}/${subnet}/Subnet`,
        rules: inAll('VPCSubnetAutoAssignPublicIpDisabled'),
        reason: 'the CDK\'s default for a public subnet; it contains only a NAT gateway, which has a public address anyway',
      },
      { app, path: `${path}/${subnet}/DefaultRoute`, rules: inAll('VPCNoUnrestrictedRouteToIGW'), reason: 'the internet route of the NAT gateway' },
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
    reason: 'the permissions of the CDK\'s bucket.grantReadWrite(), which the example demonstrates',
  },
  {
    app: 'everything',
    path: 'Everything/Own/StateBucket',
    rules: ['Annotation::@aws-cdk/aws-s3:accessLogsPolicyNotAdded'],
    reason: 'the bucket for access logs is imported, because it belongs to the account and has its own policy',
  },
];
