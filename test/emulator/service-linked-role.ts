/** The service-linked role of ECS, which the first cluster of an account creates. */
import { strict as assert } from 'node:assert';
import { CreateClusterCommand, PutClusterCapacityProvidersCommand } from '@aws-sdk/client-ecs';
import { CreateServiceLinkedRoleCommand } from '@aws-sdk/client-iam';
import { createCluster } from './task-support';
import { refusal, until, type Rule, type World } from './world';

const NO_ROLE = 'Unable to assume the service linked role. Please verify that the ECS service linked role exists.';
const FARGATE = ['FARGATE'];

async function createWithProviders(world: World): Promise<void> {
  await world.ecs.send(new CreateClusterCommand({ clusterName: world.name('cluster'), capacityProviders: FARGATE }));
}

export const serviceLinkedRole: Rule[] = [
  {
    name: 'creating the first cluster of an account with capacity providers fails, and succeeds some seconds later',
    async check(main) {
      await main.emulator.setBehaviour({ serviceLinkedRoleDelayMs: 500 });
      await main.inNewAccount(async (world) => {
        const first = await refusal(async () => createWithProviders(world));
        assert.deepEqual([first.name, first.message], ['InvalidParameterException', NO_ROLE]);
        await refusal(async () => createWithProviders(world));
        await until(async () => createWithProviders(world).then(() => true, () => false));
      }).finally(async () => main.emulator.setBehaviour({ serviceLinkedRoleDelayMs: 5_000 }));
    },
  },
  {
    name: 'the first cluster of an account accepts no capacity providers right after its creation',
    async check(main) {
      await main.inNewAccount(async (world) => {
        const cluster = await createCluster(world);
        const { message } = await refusal(async () => world.ecs.send(
          new PutClusterCapacityProvidersCommand({ cluster, capacityProviders: FARGATE, defaultCapacityProviderStrategy: [] })));
        assert.equal(message, NO_ROLE);
      });
    },
  },
  {
    name: 'CloudFormation fails to create the first cluster of an account with capacity providers',
    async check(main) {
      const cluster = (CapacityProviders?: string[]) => ({ Cluster: { Type: 'AWS::ECS::Cluster', Properties: { CapacityProviders } } });
      await main.inNewAccount(async (world) => assert.ok((await world.failingStack(cluster(FARGATE))).startsWith(NO_ROLE)));
      await main.inNewAccount(async (world) => { await world.stack(cluster()); });
    },
  },
  {
    name: 'an account that has the service-linked role can create a cluster with capacity providers',
    async check(main) {
      await main.inNewAccount(async (world) => {
        await world.iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'ecs.amazonaws.com' }));
        await createWithProviders(world);
      });
    },
  },
];
