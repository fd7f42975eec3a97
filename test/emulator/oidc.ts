/** The resources on which IAM evaluates calls about OIDC providers. */
import { strict as assert } from 'node:assert';
import { CreateOpenIDConnectProviderCommand, DeleteOpenIDConnectProviderCommand, GetOpenIDConnectProviderCommand, IAMClient, ListOpenIDConnectProvidersCommand } from '@aws-sdk/client-iam';
import { allow, refusal, type Rule, type Statement, type World } from './world';

async function actingWith(world: World, use: (iam: IAMClient) => Promise<void>, ...statements: Statement[]): Promise<void> {
  const iam = new IAMClient(await world.as(await world.role(...statements)));
  await use(iam).finally(() => iam.destroy());
}

export const oidc: Rule[] = [
  {
    name: 'calls about an OIDC provider need the permission for its ARN',
    async check(world) {
      const Url = 'https://oidc.allowed.example/path';
      const OpenIDConnectProviderArn = `arn:aws:iam::${world.account}:oidc-provider/oidc.allowed.example/path`;
      const actions = ['iam:CreateOpenIDConnectProvider', 'iam:GetOpenIDConnectProvider', 'iam:DeleteOpenIDConnectProvider'];
      await actingWith(world, async (iam) => {
        assert.equal((await iam.send(new CreateOpenIDConnectProviderCommand({ Url }))).OpenIDConnectProviderArn, OpenIDConnectProviderArn);
        await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
        const denied = [
          await refusal(async () => iam.send(new CreateOpenIDConnectProviderCommand({ Url: 'https://oidc.denied.example' }))),
          await refusal(async () => iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: `${OpenIDConnectProviderArn}/x` }))),
          await refusal(async () => iam.send(new ListOpenIDConnectProvidersCommand({}))),
        ];
        assert.deepEqual(denied.map(({ name }) => name), ['AccessDenied', 'AccessDenied', 'AccessDenied']);
        await iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
      }, allow(actions, OpenIDConnectProviderArn));
    },
  },
  {
    name: 'creating an OIDC provider with tags also needs iam:TagOpenIDConnectProvider',
    async check(world) {
      const create = new CreateOpenIDConnectProviderCommand({ Url: 'https://oidc.tagged.example', Tags: [{ Key: 'a', Value: 'b' }] });
      await actingWith(world, async (iam) => { assert.equal((await refusal(async () => iam.send(create))).name, 'AccessDenied'); },
        allow('iam:CreateOpenIDConnectProvider', '*'));
      await actingWith(world, async (iam) => { await iam.send(create); }, allow(['iam:CreateOpenIDConnectProvider', 'iam:TagOpenIDConnectProvider'], '*'));
    },
  },
];
