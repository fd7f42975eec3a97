/** How CloudFormation handles custom resources. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateChangeSetCommand } from '@aws-sdk/client-cloudformation';
import { refusal, type Rule, type World } from './world';

/** Writes each event into the file `Log`, and uses the property `Name` as physical ID. The first `FailingDeletes` deletes fail. */
const HANDLER = `
const { appendFileSync, readFileSync } = require('fs');
exports.handler = async (event) => {
  const { RequestType, ResponseURL, StackId, RequestId, LogicalResourceId, ResourceProperties: { Name, Log, FailingDeletes, FailsCreate } } = event;
  const PhysicalResourceId = RequestType === 'Delete' ? event.PhysicalResourceId : Name;
  appendFileSync(Log, JSON.stringify([RequestType, PhysicalResourceId, new URL(ResponseURL).searchParams.get('X-Amz-Date')]) + '\\n');
  const deletes = readFileSync(Log, 'utf8').split('\\n').filter(line => line.includes('Delete')).length;
  const fails = RequestType === 'Delete' ? deletes <= Number(FailingDeletes) : RequestType === 'Create' && FailsCreate === 'true';
  await fetch(ResponseURL, { method: 'PUT', body: JSON.stringify({
    Status: fails ? 'FAILED' : 'SUCCESS', Reason: 'as the test wants', PhysicalResourceId, StackId, RequestId, LogicalResourceId,
  }) });
};`;
const ROLE = {
  Type: 'AWS::IAM::Role',
  Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }] } },
};
const FUNCTION = { Type: 'AWS::Lambda::Function', Properties: { Runtime: 'nodejs22.x', Handler: 'index.handler', Role: { 'Fn::GetAtt': ['Role', 'Arn'] }, Code: { ZipFile: HANDLER } } };

type Event = [type: string, physicalId: string, date: string | null];

/** A custom resource: its events, and templates that contain it. */
class Resource {
  constructor(private readonly log: string) {}

  public template(properties: object, handler = 'First'): object {
    const Properties = { ServiceToken: { 'Fn::GetAtt': [handler, 'Arn'] }, Name: 'a', Log: this.log, FailingDeletes: '0', ...properties };
    return { Role: ROLE, First: FUNCTION, Second: FUNCTION, Thing: { Type: 'Custom::Thing', Properties } };
  }

  public events(): Event[] {
    return readFileSync(this.log, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Event);
  }

  public deletes(): string[] {
    return this.events().filter(([type]) => type === 'Delete').map(([, physicalId]) => physicalId);
  }
}

const rule = (name: string, check: (world: World, resource: () => Resource) => Promise<void>): Rule => ({
  name,
  check: async (world) => {
    const directory = mkdtempSync(join(tmpdir(), 'custom-resources-'));
    let count = 0;
    await check(world, () => new Resource(join(directory, String(count++)))).finally(() => rmSync(directory, { recursive: true, force: true }));
  },
});

export const customResources: Rule[] = [
  rule('CloudFormation rejects a changed function of a custom resource', async (world, create) => {
    const resource = create();
    const { name } = await world.stack(resource.template({}));
    assert.match(await world.failingUpdate(name, resource.template({}, 'Second')), /Modifying service token is not allowed/);
  }),
  rule('the response URL of a custom resource contains its date', async (world, create) => {
    const resource = create();
    await world.stack(resource.template({}));
    const [[, , date]] = resource.events() as [Event];
    assert.match(date ?? 'none', /^\d{8}T\d{6}Z$/);
  }),
  rule('CloudFormation deletes a custom resource whose create failed, with the physical ID of the answer', async (world, create) => {
    const resource = create();
    await world.failingStack(resource.template({ Name: 'half-created', FailsCreate: 'true' }));
    assert.deepEqual(resource.deletes(), ['half-created']);
  }),
  rule('CloudFormation keeps the dependencies of a custom resource whose delete fails, and does not update the stack', async (world, create) => {
    const resource = create();
    const { name, ids } = await world.stack(resource.template({ FailingDeletes: '1' }));
    assert.equal((await world.deleteStack(name)).status, 'DELETE_FAILED');
    // The function and its role must exist for the next delete. No resource needs the other function.
    const remaining = await world.resources(name);
    assert.deepEqual([remaining.First, remaining.Role], [ids.First, ids.Role]);
    const refused = await refusal(async () => world.cloudFormation.send(new CreateChangeSetCommand({ StackName: name, ChangeSetName: 'change', TemplateBody: '{}' })));
    assert.match(refused.message, /^Stack:\S+ is in DELETE_FAILED state and can not be updated\.$/);
    assert.equal((await world.deleteStack(name)).status, 'DELETE_COMPLETE');
  }),
  rule('CloudFormation tries the delete of a replaced custom resource three times after an update', async (world, create) => {
    for (const [failing, deletes] of [[0, 1], [2, 3], [5, 3]] as const) {
      const resource = create();
      const { name } = await world.stack(resource.template({ FailingDeletes: String(failing) }));
      await world.update(name, resource.template({ Name: 'b', FailingDeletes: String(failing) }));
      for (let tries = 0; tries < 50 && resource.deletes().length < deletes; tries++) await pause(100);
      await pause(300);
      assert.deepEqual(resource.deletes(), Array(deletes).fill('a'), `with ${failing} deletes that fail`);
    }
  }),
];
