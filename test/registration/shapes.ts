/**
 * The properties that released and earlier templates of this library hold, by when they changed. A stack that was deployed with one of them
 * sends it as the old properties of its next update, as the properties of that update's rollback, and with its delete. So nothing in a
 * shape is ever changed, and it borrows nothing from tests that follow the code: what the template says anew is a shape of its own, at the end.
 */
import { ROLE, SECRET } from './support';

type Properties = Record<string, unknown>;

export interface Shape {
  readonly name: string;
  readonly runnerId: Properties;
  readonly runner: Properties;
  readonly rule: Properties;
}

/** In all of them. */
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
  { name: 'the first one', runnerId: { ...common, RunnerId: 'prod-runner', Values: { runnerId: 'prod-runner' } }, runner, rule },
];
