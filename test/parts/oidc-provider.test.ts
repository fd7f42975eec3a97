import { App, CfnResource, CustomResource, Fn, NestedStack, RemovalPolicy, Stack, Stage, Tags } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Orchestrator, RunnerOidcProvider } from '../../src';
import { ACCOUNT, newStack, only, REGION, runnerIn, tokenOf } from '../support';

const ISSUER = 'https://oidc.humanitec.dev';
const OTHER_ISSUER = 'https://oidc.example.com';
const OTHER_ACCOUNT = '444455556666';
const US = { account: ACCOUNT, region: REGION };
const EU = { account: ACCOUNT, region: 'eu-west-1' };

const twoStacks = (first: object = { env: US }, second: object = first): [App, Stack, Stack] => {
  const app = new App();
  return [app, new Stack(app, 'First', first), new Stack(app, 'Second', second)];
};
const selfHosted = (stack: Stack) => Orchestrator.selfHosted({
  orgId: 'my-org', apiToken: tokenOf(stack), apiUrl: 'https://api.example.com', oidcIssuerUrl: OTHER_ISSUER,
});

describe('the OIDC provider of a runner', () => {
  test('gets no tags of runners, which would change a shared provider', () => {
    const [app, stack] = twoStacks();
    Tags.of(app).add('Team', 'platform');
    runnerIn(stack, { tags: { CostCenter: 'engineering' } });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::IAM::Role', { Tags: Match.arrayWith([{ Key: 'CostCenter', Value: 'engineering' }]) });
    expect(only(template, 'Custom::HumanitecOidcProvider').Properties).not.toHaveProperty('Tags');
  });

  test('is referred to by its ARN in other stacks, so that the first stack can be destroyed', () => {
    const [, first, second] = twoStacks({ env: US }, { env: EU });
    const { oidcProvider } = runnerIn(first);
    runnerIn(second, { oidcProvider });
    expect(Template.fromStack(first).toJSON().Outputs).toBeUndefined();
    const template = Template.fromStack(second);
    template.resourceCountIs('Custom::HumanitecOidcProvider', 0);
    expect(only(template, 'AWS::IAM::Role', 'RunnerTaskManagerRole').Properties.AssumeRolePolicyDocument.Statement[0].Principal).toEqual({
      Federated: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`]] },
    });
    expect(second.dependencies).toEqual([first]);
  });

  test('can be given to the runner of a nested stack', () => {
    const stack = newStack();
    const nested = new NestedStack(stack, 'Nested');
    runnerIn(nested, { oidcProvider: runnerIn(stack).oidcProvider });
    expect(JSON.stringify(only(Template.fromStack(nested), 'AWS::IAM::Role', 'RunnerTaskManagerRole').Properties.AssumeRolePolicyDocument))
      .toContain(`:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`);
  });
});

describe('RunnerOidcProvider', () => {
  test('creates a provider for the audience of STS that is retained when the stack is deleted', () => {
    const stack = newStack();
    new RunnerOidcProvider(stack, 'OidcProvider');
    Template.fromStack(stack).hasResource('AWS::IAM::OIDCProvider', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: { Url: ISSUER, ClientIdList: ['sts.amazonaws.com'] },
    });
  });

  test('accepts another issuer, another removal policy and tags', () => {
    const stack = newStack();
    const provider = new RunnerOidcProvider(stack, 'OidcProvider', { oidcIssuerUrl: `${OTHER_ISSUER}/realms/a/`, removalPolicy: RemovalPolicy.DESTROY });
    Tags.of(provider).add('Team', 'platform');
    Template.fromStack(stack).hasResource('AWS::IAM::OIDCProvider', {
      DeletionPolicy: 'Delete',
      Properties: { Url: `${OTHER_ISSUER}/realms/a`, Tags: [{ Key: 'Team', Value: 'platform' }] },
    });
    expect(provider.oidcProviderIssuer).toBe('oidc.example.com/realms/a');
  });

  test('can be given to runners of its own and of other stacks, which are deployed after it', () => {
    const [, first, second] = twoStacks();
    const oidcProvider = new RunnerOidcProvider(first, 'OidcProvider');
    runnerIn(first, { oidcProvider, tags: { CostCenter: 'engineering' } });
    runnerIn(second, { oidcProvider, tags: { CostCenter: 'engineering' } });
    const templates = [first, second].map(stack => Template.fromStack(stack));
    const [id] = Object.keys(templates[0].findResources('AWS::IAM::OIDCProvider'));
    expect(templates.map(template => only(template, 'AWS::IAM::Role', 'RunnerTaskManagerRole').Properties.AssumeRolePolicyDocument.Statement[0].Principal)).toEqual([
      { Federated: { Ref: id } },
      { Federated: { 'Fn::ImportValue': expect.stringContaining(`First:ExportsOutputRef${id}`) } },
    ]);
    expect(only(templates[0], 'AWS::IAM::OIDCProvider').Properties).not.toHaveProperty('Tags');
    for (const template of templates) {
      template.resourceCountIs('Custom::HumanitecOidcProvider', 0);
      expect(JSON.stringify(template.toJSON())).not.toContain('iam:CreateOpenIDConnectProvider');
    }
    expect(second.dependencies).toEqual([first]);
  });

  test('can be given to runners of another region by its ARN', () => {
    const [, first, second] = twoStacks({ env: US }, { env: EU });
    runnerIn(second, { oidcProvider: new RunnerOidcProvider(first, 'OidcProvider') });
    expect(JSON.stringify(only(Template.fromStack(second), 'AWS::IAM::Role', 'RunnerTaskManagerRole').Properties.AssumeRolePolicyDocument))
      .toContain(`:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`);
    expect(second.dependencies).toEqual([first]);
  });
});

const REMEDY = 'An account can have one OIDC provider for an issuer: define it once, for example with RunnerOidcProvider, and give it to the runners of all stacks as `oidcProvider`, '
  + 'or import it there with OidcProviderNative.fromOidcProviderArn().';
const expected = (where: string, issuer = ISSUER) => `oidcProvider: expected one definition of the OIDC provider of "${issuer}" for ${where}; got `;
const runnersOf = (stack: string) => `the runners of stack '${stack}', which have no \`oidcProvider\``;

/** The problems about OIDC providers in the error of the synthesis. */
function said(app: App): string[] {
  try {
    app.synth();
    return [];
  } catch (error) {
    const lines = String((error as Error).message).split('\n').filter(line => line.includes('oidcProvider:'));
    // Any other error is a fault of the test or of the library.
    if (lines.length === 0) throw error;
    return lines.map(line => line.replace(/^ *\[[^\]]*\] /, ''));
  }
}

describe('a second definition of the OIDC provider in an account', () => {
  test.each<[string, (stack: Stack) => void, string]>([
    ['the provider of RunnerOidcProvider', stack => new RunnerOidcProvider(stack, 'Given'), "'Second/Given'"],
    ['a native provider', stack => new iam.OidcProviderNative(stack, 'Given', { url: `${ISSUER}/` }), "'Second/Given'"],
    ['a provider of the CDK\'s custom resource', stack => new iam.OpenIdConnectProvider(stack, 'Given', { url: ISSUER }), "'Second/Given'"],
    ['an L1 provider', stack => new iam.CfnOIDCProvider(stack, 'Given', { url: ISSUER }), "'Second/Given'"],
    ['a plain resource', stack => new CfnResource(stack, 'Given', { type: 'AWS::IAM::OIDCProvider', properties: { Url: ISSUER } }), "'Second/Given'"],
    ['the provider of the runners of another stack', stack => runnerIn(stack), runnersOf('Second')],
    ['the provider of the runners of a nested stack', stack => runnerIn(new NestedStack(stack, 'Nested')), runnersOf('Second/Nested')],
  ])('is an error together with %s, in any order', (_name, define, described) => {
    const orders = [(first: Stack, second: Stack) => [runnerIn(first), define(second)], (first: Stack, second: Stack) => [define(second), runnerIn(first)]];
    for (const order of orders) {
      const [app, first, second] = twoStacks({ env: US }, { env: EU });
      order(first, second);
      expect(said(app)).toEqual([`${expected(`account "${ACCOUNT}"`)}2: ${runnersOf('First')}, ${described}. ${REMEDY}`]);
    }
  });

  test('is an error within one stack', () => {
    const stack = newStack();
    runnerIn(stack);
    new iam.OidcProviderNative(stack, 'Given', { url: ISSUER });
    expect(said(stack.node.root as App)).toEqual([`${expected(`account "${ACCOUNT}"`)}2: ${runnersOf('Stack')}, 'Stack/Given'. ${REMEDY}`]);
  });

  test('is an error between two RunnerOidcProviders without a runner', () => {
    const [app, first, second] = twoStacks();
    [first, second].forEach(stack => new RunnerOidcProvider(stack, 'OidcProvider', { oidcIssuerUrl: OTHER_ISSUER }));
    expect(said(app)).toEqual([`${expected(`account "${ACCOUNT}"`, OTHER_ISSUER)}2: 'First/OidcProvider', 'Second/OidcProvider'. ${REMEDY}`]);
  });

  test('is one error for three nested stacks', () => {
    const stack = newStack();
    ['A', 'B', 'C'].forEach(id => runnerIn(new NestedStack(stack, id)));
    expect(said(stack.node.root as App)).toEqual([
      `${expected(`account "${ACCOUNT}"`)}3: ${['Stack/A', 'Stack/B', 'Stack/C'].map(runnersOf).join(', ')}. ${REMEDY}`,
    ]);
  });

  test('is an error between stacks without an account, which are deployed to the same account', () => {
    const [app, first, second] = twoStacks({}, {});
    [first, second].forEach(stack => runnerIn(stack));
    expect(said(app)).toEqual([
      `${expected('an account')}2: ${runnersOf('First')}, ${runnersOf('Second')}. ${REMEDY} If the stacks are for different accounts, set their \`env\`.`,
    ]);
  });

  test('is an error between stages for the same account', () => {
    const app = new App();
    ['Dev', 'Prod'].forEach(id => runnerIn(new Stack(new Stage(app, id), 'Stack', { env: US })));
    expect(said(app)).toEqual([`${expected(`account "${ACCOUNT}"`)}2: ${runnersOf('Dev/Stack')}, ${runnersOf('Prod/Stack')}. ${REMEDY}`]);
  });

  test.each<[string, () => App]>([
    ['for another account', () => {
      const [app, first, second] = twoStacks({ env: US }, { env: { ...US, account: OTHER_ACCOUNT } });
      [first, second].forEach(stack => runnerIn(stack));
      return app;
    }],
    ['for another issuer', () => {
      const [app, first, second] = twoStacks();
      runnerIn(first);
      runnerIn(second, { orchestrator: selfHosted(second) });
      return app;
    }],
    ['in stages without an account, which may be deployed to different ones', () => {
      const app = new App();
      ['Dev', 'Prod'].forEach(id => runnerIn(new Stack(new Stage(app, id), 'Stack')));
      return app;
    }],
    ['in a stack without an account if another stack has an account', () => {
      const [app, first, second] = twoStacks({ env: US }, {});
      [first, second].forEach(stack => runnerIn(stack));
      return app;
    }],
    ['that another library creates with its own custom resource', () => {
      const [app, first] = twoStacks();
      runnerIn(first);
      new CustomResource(first, 'Other', { serviceToken: 'arn:aws:lambda:us-east-1:123456789012:function:f', properties: { Url: ISSUER } });
      return app;
    }],
    ['of two runners of one stack, which share it', () => {
      const [app, first] = twoStacks();
      ['One', 'Two'].forEach(id => runnerIn(first, {}, id));
      return app;
    }],
    ['whose issuer only CloudFormation knows', () => {
      const [app, first, second] = twoStacks();
      runnerIn(first);
      new iam.CfnOIDCProvider(second, 'Given', { url: Fn.importValue('Issuer') });
      return app;
    }],
    ['that is imported by its ARN', () => {
      const [app, first, second] = twoStacks();
      runnerIn(first);
      runnerIn(second, { oidcProvider: iam.OidcProviderNative.fromOidcProviderArn(second, 'P', `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.humanitec.dev`) });
      return app;
    }],
  ])('is no error %s', (_name, make) => {
    expect(said(make())).toEqual([]);
  });
});
