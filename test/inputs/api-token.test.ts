/** Where the Lambda reads the API token, and what its role can read: by region, account, name and ARN. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ApiToken, Orchestrator } from '../../src';
import { ACCOUNT, newStack, REGION, runnerIn } from '../support';

const OTHER = '999999999999';
const ELSEWHERE = 'eu-west-1';
const hosted = (apiToken: ApiToken) => Orchestrator.humanitec({ orgId: 'my-org', apiToken });
const arn = (region: string, account: string, name: string) => `arn:aws:secretsmanager:${region}:${account}:secret:${name}`;
const at = (app: App, id: string, region: string, account = ACCOUNT) => newStack({ env: { account, region } }, id, app);

/** The wire data that the handler receives, and the statements that allow it to read the token. */
function deployed(stack: Stack, apiToken: ApiToken): { wire: any; statements: Record<string, any> } {
  runnerIn(stack, { orchestrator: hosted(apiToken) });
  const template = Template.fromStack(stack);
  const [runner] = Object.values(template.findResources('Custom::HumanitecRunner'));
  const documents = [
    ...Object.values(template.findResources('AWS::IAM::Role')).flatMap(role => (role.Properties.Policies ?? []).map((policy: any) => policy.PolicyDocument)),
    ...Object.values(template.findResources('AWS::IAM::Policy')).map(policy => policy.Properties.PolicyDocument),
  ];
  const statements = documents.flatMap(document => document.Statement).filter(statement => /ApiToken/.test(statement.Sid));
  return { wire: runner.Properties.Token, statements: Object.fromEntries(statements.map(statement => [statement.Sid, statement])) };
}

const SECRETS: Record<string, [make: (stack: Stack) => secretsmanager.ISecret, wire: unknown]> = {
  'a name that ends like a complete ARN': [stack => secretsmanager.Secret.fromSecretNameV2(stack, 'S', 'orchestrator-secret'), { SecretId: 'orchestrator-secret' }],
  'a path': [stack => secretsmanager.Secret.fromSecretNameV2(stack, 'S', 'platform/api-token'), { SecretId: 'platform/api-token' }],
  'a partial ARN': [stack => secretsmanager.Secret.fromSecretPartialArn(stack, 'S', arn(REGION, ACCOUNT, 'orchestrator-secret')), { SecretId: 'orchestrator-secret' }],
  'a partial ARN of another region': [
    stack => secretsmanager.Secret.fromSecretPartialArn(stack, 'S', arn(ELSEWHERE, ACCOUNT, 'api-token')), { SecretId: 'api-token', Region: ELSEWHERE },
  ],
  'a complete ARN of another region': [
    stack => secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', arn(ELSEWHERE, ACCOUNT, 'api-token-AbCdEf')), { SecretId: arn(ELSEWHERE, ACCOUNT, 'api-token-AbCdEf') },
  ],
  'a complete ARN of another account': [
    stack => secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', arn(REGION, OTHER, 'api-token-AbCdEf')), { SecretId: arn(REGION, OTHER, 'api-token-AbCdEf') },
  ],
  'the secret of the stack': [stack => new secretsmanager.Secret(stack, 'S'), { SecretId: { Ref: 'S509448A1' } }],
};

describe('an API token in Secrets Manager', () => {
  test.each(Object.entries(SECRETS))('is read if it is given as %s', (_name, [make, wire]) => {
    const stack = newStack();
    expect(deployed(stack, ApiToken.fromSecretsManager(make(stack))).wire).toEqual(wire);
  });

  test('is read in the region of the stack that imports it by name, with the key of that region', () => {
    const app = new App();
    const home = at(app, 'Home', REGION);
    const encryptionKey = kms.Key.fromKeyArn(home, 'Key', `arn:aws:kms:${REGION}:${ACCOUNT}:key/k`);
    const secret = secretsmanager.Secret.fromSecretAttributes(home, 'S', { secretPartialArn: arn(REGION, ACCOUNT, 'api-token'), encryptionKey });
    const { wire, statements } = deployed(at(app, 'Away', ELSEWHERE), ApiToken.fromSecretsManager(secret));
    expect(wire).toEqual({ SecretId: 'api-token', Region: REGION });
    expect(statements.ReadApiTokenSecret.Resource).toBe(`${arn(REGION, ACCOUNT, 'api-token')}-??????`);
    expect(statements.DecryptApiToken.Condition.StringEquals['kms:ViaService']).toEqual({ 'Fn::Sub': `secretsmanager.${REGION}.\${AWS::URLSuffix}` });
  });

  test('is read by name in the region of the stack that has the secret', () => {
    const app = new App();
    const secret = new secretsmanager.Secret(at(app, 'Home', REGION), 'S', { secretName: 'api-token' });
    const { wire, statements } = deployed(at(app, 'Away', ELSEWHERE), ApiToken.fromSecretsManager(secret));
    expect(wire.Region).toBe(REGION);
    // CloudFormation extracts the name from the partial ARN.
    expect(wire.SecretId['Fn::Select'][0]).toBe(6);
    expect(JSON.stringify(wire.SecretId)).toContain(`:secretsmanager:${REGION}:${ACCOUNT}:secret:api-token"`);
    expect(JSON.stringify(statements.ReadApiTokenSecret.Resource)).toContain(`:secretsmanager:${REGION}:${ACCOUNT}:secret:api-token-??????"`);
  });

  test('can be decrypted with any key of its account if it is in another account, but only that secret', () => {
    const stack = newStack();
    const id = arn(ELSEWHERE, OTHER, 'api-token-AbCdEf');
    const { statements } = deployed(stack, ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', id)));
    expect(statements.DecryptApiToken).toEqual({
      Sid: 'DecryptApiToken',
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: { 'Fn::Sub': `arn:\${AWS::Partition}:kms:${ELSEWHERE}:${OTHER}:key/*` },
      Condition: {
        StringEquals: { 'kms:ViaService': { 'Fn::Sub': `secretsmanager.${ELSEWHERE}.\${AWS::URLSuffix}` } },
        StringLike: { 'kms:EncryptionContext:SecretARN': id },
      },
    });
  });
});

describe('an API token in the Parameter Store', () => {
  const parameter = (stack: Stack) => ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'P', { parameterName: '/platform/api-token' });

  test('is read by name', () => {
    const stack = newStack();
    expect(deployed(stack, ApiToken.fromSsmParameter(parameter(stack))).wire).toEqual({ ParameterName: '/platform/api-token' });
  });

  test('is read by its whole path when it is imported by ARN', () => {
    const stack = newStack();
    const imported = ssm.StringParameter.fromStringParameterArn(stack, 'P', `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/platform/api-token`);
    expect(deployed(stack, ApiToken.fromSsmParameter(imported)).wire).toEqual({ ParameterName: '/platform/api-token' });
  });

  test('is read in the region of the stack that imported it', () => {
    const app = new App();
    const { wire } = deployed(at(app, 'Away', ELSEWHERE), ApiToken.fromSsmParameter(parameter(at(app, 'Home', REGION))));
    expect(wire).toEqual({ ParameterName: '/platform/api-token', Region: REGION });
  });

  test('is read by ARN when another account shares it', () => {
    const stack = newStack();
    const id = `arn:aws:ssm:${REGION}:${OTHER}:parameter/platform/api-token`;
    const { wire, statements } = deployed(stack, ApiToken.fromSsmParameter(ssm.StringParameter.fromStringParameterArn(stack, 'P', id)));
    expect(wire).toEqual({ ParameterName: id });
    expect(statements.ReadApiTokenParameter.Resource).toBe(id);
  });
});

describe('resources of other accounts and regions that work', () => {
  test('accepts a boundary of AWS, a secret of another region and a secret of another account', () => {
    const stack = newStack();
    const secret = (id: string, region: string, account: string) =>
      ecs.Secret.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, id, arn(region, account, 'password-AbCdEf')));
    runnerIn(stack, {
      permissionsBoundary: iam.ManagedPolicy.fromAwsManagedPolicyName('PowerUserAccess'),
      secrets: { A: secret('A', ELSEWHERE, ACCOUNT), B: secret('B', REGION, OTHER) },
    });
    Template.fromStack(stack).resourceCountIs('Custom::HumanitecRunner', 1);
  });
});
