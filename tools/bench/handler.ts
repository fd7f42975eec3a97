/** Measures the Lambda handler on this machine against services on loopback. This excludes the network and the start of the Lambda runtime. */
import { ChildProcess, fork } from 'child_process';
import { once } from 'events';
import { join } from 'path';
import { startOrchestrator } from '../../local/orchestrator';
import { listen, serverOf } from '../../test/registration/server';
import { SECRET, SecretStore, STACK } from '../../test/registration/support';
import { ROOT } from '../assembly';

const API_TOKEN = 'token-of-my-org';

/** Times of one Lambda instance, in milliseconds. */
export interface HandlerTimes {
  readonly load: number;
  readonly firstEvent: number;
  readonly nextEvent: number;
}

/** Generates one runner id in a new instance, then a second one in the same instance. */
export async function measureHandler(rounds: number): Promise<HandlerTimes[]> {
  const secrets = new SecretStore();
  await secrets.start();
  secrets.values.set(SECRET, API_TOKEN);
  const orchestrator = await startOrchestrator({ orgs: ['my-org'], tokens: [{ token: API_TOKEN, orgs: ['my-org'] }] });
  const cloudFormation = serverOf((_request, body, response) => {
    const { Status: status, Reason: reason } = JSON.parse(body);
    if (status !== 'SUCCESS') {
      throw new Error(`The handler answered FAILED: ${reason}`);
    }
    response.writeHead(200).end();
  });
  const responseUrl = `${await listen(cloudFormation)}/answer?X-Amz-Date=${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
  try {
    const times: HandlerTimes[] = [];
    for (let round = 0; round < rounds; round++) {
      times.push(await measureInstance({ ...secrets.env, ORCHESTRATOR_API_URL: orchestrator.url }, responseUrl));
    }
    return times;
  } finally {
    await orchestrator.close();
    secrets.stop();
    cloudFormation.close();
    cloudFormation.closeAllConnections();
  }
}

async function measureInstance(env: NodeJS.ProcessEnv, responseUrl: string): Promise<HandlerTimes> {
  const instance = fork(join(__dirname, 'handler-process.js'), [join(ROOT, 'assets', 'registration', 'index.js')], {
    env: { ...env, NODE_NO_WARNINGS: '1' }, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    const { loadMs: load } = await message(instance);
    const [firstEvent, nextEvent] = [await eventMs(instance, responseUrl, 'First'), await eventMs(instance, responseUrl, 'Next')];
    return { load, firstEvent, nextEvent };
  } finally {
    instance.disconnect();
  }
}

async function eventMs(instance: ChildProcess, responseUrl: string, logicalId: string): Promise<number> {
  instance.send({
    RequestType: 'Create',
    StackId: STACK,
    RequestId: `request-${logicalId}`,
    ResourceType: 'Custom::HumanitecRunnerId',
    LogicalResourceId: logicalId,
    ResponseURL: responseUrl,
    ResourceProperties: {
      ServiceToken: 'arn:aws:lambda:us-east-1:123456789012:function:f', OrgId: 'my-org', Token: { SecretId: SECRET }, RunnerIdPrefix: 'runner',
    },
  });
  return (await message(instance)).eventMs;
}

async function message(instance: ChildProcess): Promise<Record<string, number>> {
  const ended = once(instance, 'exit').then(([code]) => { throw new Error(`The handler process ended with exit code ${code}.`); });
  // If the handler answers first, nothing else awaits this promise. It rejects when the instance is stopped.
  ended.catch(() => undefined);
  const [content] = await Promise.race([once(instance, 'message'), ended]);
  return content;
}
