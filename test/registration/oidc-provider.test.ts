import { createServer } from 'net';
import { IamService } from './iam-service';
import { send } from './lifecycle-support';
import { STACK } from './support';

const ISSUER = 'https://oidc.example.com/realms/platform';
const ARN = 'arn:aws:iam::123456789012:oidc-provider/oidc.example.com/realms/platform';
const OTHER = 'arn:aws:iam::123456789012:oidc-provider/oidc.humanitec.dev';
const PROPERTIES = { ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:f', ServiceTimeout: '300', IssuerUrl: ISSUER, ProviderArn: ARN };
const GET = 'GetOpenIDConnectProvider';
const CREATE = 'CreateOpenIDConnectProvider';
const ELSEWHERE = 'Or create the provider outside this stack and give it to the runners as oidcProvider.';
const LOG = '(log stream log-stream)';

const iam = new IamService(ARN);
beforeAll(() => iam.start());
afterAll(() => iam.stop());
beforeEach(() => iam.reset());

const run = (request: 'Create' | 'Update' | 'Delete', extra: Parameters<typeof send>[3] = {}, options: Parameters<typeof send>[4] = {}) =>
  send('OidcProvider', request, PROPERTIES, { ...extra, env: { ...iam.env, ...extra.env } }, options);

describe('creating the OIDC provider', () => {
  test('creates a provider with the audience of STS if the account has none', async () => {
    expect(await run('Create')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: ARN });
    expect(Object.fromEntries(iam.providers)).toEqual({ [ARN]: ['sts.amazonaws.com'] });
    expect(iam.calls).toEqual([GET, CREATE]);
  });

  test('uses an existing provider without changing it', async () => {
    iam.providers.set(ARN, ['other', 'sts.amazonaws.com']);
    expect(await run('Create')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: ARN });
    expect(Object.fromEntries(iam.providers)).toEqual({ [ARN]: ['other', 'sts.amazonaws.com'] });
    expect(iam.calls).toEqual([GET]);
  });

  test('fails with the command that adds the audience if the existing provider lacks it', async () => {
    iam.providers.set(ARN, ['other']);
    const { Status, Reason } = await run('Create');
    expect({ Status, Reason }).toEqual({
      Status: 'FAILED',
      Reason: `Setting up the OIDC provider of '${ISSUER}' failed: the account has it without the audience sts.amazonaws.com. It is shared, so this deployment does not change it: `
        + 'run the command below, then deploy again. '
        + `Details: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${ARN} --client-id sts.amazonaws.com ${LOG}`,
    });
    expect(iam.calls).toEqual([GET]);
  });

  test('uses the provider that another stack creates at the same time', async () => {
    iam.troubles.set(CREATE, { code: 'EntityAlreadyExists', status: 409, times: 1, meanwhile: () => iam.providers.set(ARN, ['sts.amazonaws.com']) });
    expect(await run('Create')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: ARN });
    expect(iam.calls).toEqual([GET, CREATE, GET]);
  });

  test('checks the audience of the provider that another stack creates at the same time', async () => {
    iam.troubles.set(CREATE, { code: 'EntityAlreadyExists', status: 409, times: 1, meanwhile: () => iam.providers.set(ARN, ['other']) });
    expect(await run('Create')).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('without the audience sts.amazonaws.com') });
  });

  test('retries while IAM does not return the new provider consistently', async () => {
    iam.providers.set(ARN, ['sts.amazonaws.com']);
    iam.troubles.set(GET, { code: 'NoSuchEntity', status: 404, times: 3 });
    expect(await run('Create')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: ARN });
    expect(iam.calls).toEqual([GET, CREATE, GET, CREATE, GET, CREATE, GET]);
  });

  test('retries if two requests change the provider at the same time', async () => {
    iam.troubles.set(CREATE, { code: 'ConcurrentModification', status: 409, times: 1 });
    expect(await run('Create')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: ARN });
    expect(iam.calls).toEqual([GET, CREATE, GET, CREATE]);
  });

  test.each([[GET, [GET, GET, GET, CREATE]], [CREATE, [GET, CREATE, CREATE, CREATE]]])('retries a denied %s, because the permission may not have taken effect', async (action, calls) => {
    iam.troubles.set(action, { code: 'AccessDenied', status: 403, times: 2 });
    expect(await run('Create')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: ARN });
    expect(iam.calls).toEqual(calls);
  });

  test('fails after repeated denials, and names the policies that can deny the call', async () => {
    iam.troubles.set(CREATE, { code: 'AccessDenied', status: 403, times: 1000 });
    // Of this time, 40 seconds are reserved for the answer and for a delete.
    const { Status, Reason } = await run('Create', {}, { remaining: 46_000 });
    expect({ Status, Reason }).toEqual({
      Status: 'FAILED',
      Reason: `Setting up the OIDC provider of '${ISSUER}' failed: AccessDenied. The role of the registration has the permission, so a service control policy or `
        + `the permissions boundary denies it: allow it there. ${ELSEWHERE} Details: AccessDenied on purpose ${LOG}`,
    });
    expect(iam.calls.length).toBeGreaterThan(4);
  });

  test.each([
    ['OpenIdIdpCommunicationError', `AWS must reach ${ISSUER}/.well-known/openid-configuration with a publicly trusted certificate: correct it, then deploy again.`],
    // The SDK treats this error as throttling and tries four times.
    ['LimitExceeded', 'Delete OIDC providers that nobody uses, or raise the quota; then deploy again.'],
    ['InvalidInput', 'Deploy again; if it fails again, correct what IAM names below.'],
  ])('fails with a remedy when IAM answers %s', async (code, remedy) => {
    iam.troubles.set(CREATE, { code, times: 1000 });
    const { Status, Reason } = await run('Create');
    expect({ Status, Reason }).toEqual({ Status: 'FAILED', Reason: `Setting up the OIDC provider of '${ISSUER}' failed: ${code}. ${remedy} Details: ${code} on purpose ${LOG}` });
    expect(iam.calls.length).toBeLessThanOrEqual(code === 'LimitExceeded' ? 5 : 2);
  });

  test('fails with a remedy if IAM cannot be reached', async () => {
    const closed = createServer();
    await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise(resolve => closed.close(resolve));
    const { Status, Reason } = await run('Create', { env: { AWS_ENDPOINT_URL_IAM: `http://127.0.0.1:${port}` } });
    expect({ Status, Reason }).toEqual({
      Status: 'FAILED',
      Reason: `Setting up the OIDC provider of '${ISSUER}' failed: no answer from IAM (ECONNREFUSED). Give the Lambda a route to it, such as a NAT gateway. ${ELSEWHERE} ${LOG}`,
    });
  });

  test('names the issuer if the time is over', async () => {
    iam.silent = true;
    const { Status, Reason } = await run('Create', {}, { remaining: 17_000 });
    expect({ Status, Reason }).toEqual({
      Status: 'FAILED',
      Reason: `Setting up the OIDC provider of '${ISSUER}' failed: IAM was too slow. Wait some minutes, then deploy again. ${LOG}`,
    });
  });
});

describe('updating the OIDC provider', () => {
  test('creates the provider of the new issuer and answers with its ARN', async () => {
    expect(await run('Update', { id: OTHER, old: { ...PROPERTIES, IssuerUrl: 'https://oidc.humanitec.dev', ProviderArn: OTHER } }))
      .toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: ARN });
    expect([...iam.providers.keys()]).toEqual([ARN]);
  });

  test('keeps the old physical ID if it fails, so that the rollback deletes nothing', async () => {
    iam.providers.set(ARN, []);
    expect(await run('Update', { id: OTHER, old: PROPERTIES })).toMatchObject({ Status: 'FAILED', PhysicalResourceId: OTHER });
  });
});

describe('deleting the OIDC provider', () => {
  test.each([['an existing provider', ARN], ['a create that failed', 'nothing-made'], ['an id that CloudFormation made up', `${STACK}-1ABCDEFGHIJKL`]])(
    'succeeds without a call for %s', async (_name, id) => {
      iam.providers.set(ARN, ['sts.amazonaws.com']);
      expect(await run('Delete', { id })).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
      expect(iam.calls).toEqual([]);
      expect([...iam.providers.keys()]).toEqual([ARN]);
    });
});
