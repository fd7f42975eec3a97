/** Deletion of clusters. */
import { strict as assert } from 'node:assert';
import { DeleteClusterCommand, DescribeClustersCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { registerTask, runTask } from './task-support';
import { refusal, type Rule } from './world';

export const clusters: Rule[] = [
  {
    name: 'a cluster with a task cannot be deleted, and CloudFormation reports the reason',
    async check(world) {
      const { name, ids } = await world.stack({ Cluster: { Type: 'AWS::ECS::Cluster' } });
      const cluster = ids.Cluster!;
      const { taskArn: task } = await runTask(world, await registerTask(world), cluster);
      const refused = await refusal(async () => world.ecs.send(new DeleteClusterCommand({ cluster })));
      assert.deepEqual([refused.name, refused.message], ['ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.']);
      const { status, reason } = await world.deleteStack(name);
      assert.equal(status, 'DELETE_FAILED');
      assert.match(reason, /^The Cluster cannot be deleted while Tasks are active\./);
      const { clusters: found } = await world.ecs.send(new DescribeClustersCommand({ clusters: [cluster] }));
      assert.equal(found![0]!.status, 'ACTIVE');
      await world.ecs.send(new StopTaskCommand({ cluster, task }));
      assert.equal((await world.deleteStack(name)).status, 'DELETE_COMPLETE');
    },
  },
];
