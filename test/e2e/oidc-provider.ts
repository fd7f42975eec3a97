/** The OIDC provider outlives the stacks that use it: the CDK deploys and destroys two runner stacks on the local cloud. */
import { assemblyOf } from './assembly';
import { deploy, destroy } from '../../local/try/cdk';
import { ISSUER, type Cloud } from '../../local/try/cloud';
import type { Report } from '../../local/try/report';
import { OIDC_PROVIDER_TYPE } from '../../src/registration/wire';

const PROVIDER = `${new URL(ISSUER).host} for sts.amazonaws.com`;

export async function keepsTheOidcProvider({ account, cdkOptions }: Cloud, add: Report['add']): Promise<void> {
  const providers = async () => (await account.oidcProviders()).map(({ url, clientIds }) => `${url.replace(/^https:\/\//, '')} for ${clientIds.join(', ')}`);
  const run = async (what: string, command: typeof deploy | typeof destroy, stacks: string, given: string, expected: string) => {
    const options = cdkOptions({ STACKS: stacks, GIVEN: given });
    const { code } = await command({ ...options, app: assemblyOf('two-stacks', options) });
    const statuses = await Promise.all(stacks.split(',').map((stack) => account.stackStatus(stack)));
    add(what, `0, ${stacks.split(',').map(() => expected).join(', ')}`, `${code}, ${statuses.join(', ')}`);
    add(`the OIDC provider after ${what}`, PROVIDER, await providers());
  };
  const createsIt = async (stack: string) => (await account.stackResources(stack)).filter(({ ResourceType }) => ResourceType === OIDC_PROVIDER_TYPE).length;

  await run('the first deployment', deploy, 'First,Second', 'Second', 'CREATE_COMPLETE');
  add('stacks that create the provider', '1, 0', `${await createsIt('First')}, ${await createsIt('Second')}`);
  await run('an update that gives the provider by its ARN', deploy, 'First', 'First', 'UPDATE_COMPLETE');
  add('the first stack creates the provider', 0, await createsIt('First'));
  await run('an update that removes the ARN again', deploy, 'First', '', 'UPDATE_COMPLETE');
  await run('destroying the stack that creates it', destroy, 'First', '', 'gone');
  await run('deploying that stack again', deploy, 'First', '', 'CREATE_COMPLETE');
  await run('another app that creates it', deploy, 'Third', '', 'CREATE_COMPLETE');
  await run('destroying all stacks', destroy, 'First,Second,Third', 'Second,Third', 'gone');
}
