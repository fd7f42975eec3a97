/**
 * The properties in templates of released and earlier versions of this library, in the order of their changes.
 *
 * A stack that was deployed with one of these shapes sends it in its next update as the old properties, in the rollback of that update, and in its
 * delete. So a shape never changes, and shares no code with other tests. A change of the template needs a new shape at the end.
 */
import { ROLE, SECRET } from './support';

type Properties = Record<string, unknown>;

export interface Shape {
  readonly name: string;
  readonly runnerId: Properties;
  readonly runner: Properties;
  readonly rule: Properties;
}

/** In all shapes. */
const common = {
  ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:f',
  ServiceTimeout: '300',
  OrgId: 'my-org',
  Token: { SecretId: SECRET, SecretField: 'token' },
};

const runner = {
  ...common,
  RunnerId: 'prod-runner',
  Description: 'text',
  Auth: { RoleArn: ROLE },
  Job: {
    Region: 'us-east-1',
    Cluster: 'cluster',
    Subnets: ['subnet-1', 'subnet-2'],
    SecurityGroups: ['sg-1'],
    IsPublicIpEnabled: 'false',
    ExecutionRoleArn: 'arn:aws:iam::123456789012:role/execution',
    TaskRoleArn: 'arn:aws:iam::123456789012:role/task',
    Image: 'registry.example/runner:1',
    Environment: { A: '1' },
    Secrets: { B: SECRET },
  },
  StateStorage: { Bucket: 'state-bucket', PathPrefix: 'team' },
  AdoptExisting: 'true',
  OnInUse: 'fail',
  AllowStateMove: 'true',
};

const rule = { ...common, RunnerId: 'prod-runner', ProjectId: 'shop', EnvTypeId: 'production', AdoptExisting: 'identical' };

export const SHAPES: Shape[] = [
  { name: 'first', runnerId: { ...common, RunnerId: 'prod-runner', Values: { runnerId: 'prod-runner' } }, runner, rule },
];
