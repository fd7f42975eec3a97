/** Physical IDs of secrets and parameters, and the secret values of a started task. */
import { strict as assert } from 'node:assert';
import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { createCluster, describeTask, registerTask, runTask } from './task-support';
import { allow, type Rule } from './world';
import { secretsOfTask } from '../../local/try/container';

export const secretRules: Rule[] = [
  {
    name: 'Ref of a secret is its complete ARN',
    async check(world) {
      const { ids } = await world.stack({ Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: 'x' } } });
      const { ARN } = await world.secrets.send(new DescribeSecretCommand({ SecretId: ids.Secret }));
      assert.equal(ids.Secret, ARN);
      assert.match(ARN!, /^arn:aws:secretsmanager:.*-[A-Za-z0-9]{6}$/);
    },
  },
  {
    name: 'the generated name of a parameter has no slashes',
    async check(world) {
      const { ids } = await world.stack({ Parameter: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: 'x' } } });
      assert.match(ids.Parameter!, /^CFN-Parameter-[A-Za-z0-9]+$/);
      const { Parameter } = await world.ssm.send(new GetParameterCommand({ Name: ids.Parameter }));
      assert.equal(Parameter!.ARN, `arn:aws:ssm:${world.region}:${world.account}:parameter/${ids.Parameter}`);
    },
  },
  {
    name: 'a started task gets the values of its secrets, and a task that did not start gets none',
    async check(world) {
      const { ids } = await world.stack({
        Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: '{"field":"of the secret"}' } },
        Parameter: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: 'of the parameter' } },
      });
      const parameterArn = `arn:aws:ssm:${world.region}:${world.account}:parameter/${ids.Parameter}`;
      const secrets = { A: ids.Secret!, B: `${ids.Secret}:field::`, C: parameterArn };
      const endpoint = { endpoint: world.emulator.url, region: world.region, credentials: { accessKeyId: 'none', secretAccessKey: 'none' } };
      const start = async (...statements: Parameters<typeof world.role>) => {
        const definition = await registerTask(world, { secrets, executionRole: (await world.role(...statements)).arn });
        return describeTask(world, await runTask(world, definition, await createCluster(world)));
      };
      const started = await start(allow(['secretsmanager:GetSecretValue', 'ssm:GetParameters'], [ids.Secret!, parameterArn]));
      assert.deepEqual(await secretsOfTask(started.taskArn!, endpoint), { A: '{"field":"of the secret"}', B: 'of the secret', C: 'of the parameter' });
      const stopped = await start(allow('secretsmanager:GetSecretValue', ids.Secret!));
      await assert.rejects(secretsOfTask(stopped.taskArn!, endpoint), /no such task has started/);
    },
  },
];
