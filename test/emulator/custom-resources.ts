/** What CloudFormation does with custom resources. */
import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rule } from './world';

/** Takes the property `Name` as physical ID. The first deletes fail, as many as `Failures` says; the file `Deletes` counts them. */
const HANDLER = `
const { appendFileSync, readFileSync } = require('fs');
exports.handler = async ({ RequestType, ResponseURL, PhysicalResourceId, ResourceProperties: { Name, Deletes, Failures }, StackId, RequestId, LogicalResourceId }) => {
  let Status = 'SUCCESS';
  if (RequestType === 'Delete') {
    appendFileSync(Deletes, 'x');
    Status = readFileSync(Deletes, 'utf8').length <= Number(Failures) ? 'FAILED' : 'SUCCESS';
  }
  const answer = { Status, Reason: 'in use', PhysicalResourceId: RequestType === 'Delete' ? PhysicalResourceId : Name, StackId, RequestId, LogicalResourceId };
  await fetch(ResponseURL, { method: 'PUT', body: JSON.stringify(answer) });
};`;

const ROLE = {
  Type: 'AWS::IAM::Role',
  Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }] } },
};
const FUNCTION = { Type: 'AWS::Lambda::Function', Properties: { Runtime: 'nodejs22.x', Handler: 'index.handler', Role: { 'Fn::GetAtt': ['Role', 'Arn'] }, Code: { ZipFile: HANDLER } } };

function template(file: string, name: string, failures: number, handler = 'First'): object {
  return {
    Role: ROLE,
    First: FUNCTION,
    Second: FUNCTION,
    Thing: { Type: 'Custom::Thing', Properties: { ServiceToken: { 'Fn::GetAtt': [handler, 'Arn'] }, Name: name, Deletes: file, Failures: String(failures) } },
  };
}

async function inDirectory(check: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'custom-resources-'));
  await check(directory).finally(() => rmSync(directory, { recursive: true, force: true }));
}

export const customResources: Rule[] = [
  {
    name: 'CloudFormation refuses another function for a custom resource',
    check: async (world) => inDirectory(async (directory) => {
      const file = join(directory, 'deletes');
      const { name } = await world.stack(template(file, 'a', 0));
      assert.match(await world.failingUpdate(name, template(file, 'a', 0, 'Second')), /Modifying service token is not allowed/);
    }),
  },
  {
    name: 'CloudFormation tries the delete of a replaced custom resource three times after an update',
    check: async (world) => inDirectory(async (directory) => {
      for (const [failures, deletes] of [[0, 1], [2, 3], [5, 3]] as const) {
        const file = join(directory, String(failures));
        const { name } = await world.stack(template(file, 'a', failures));
        await world.update(name, template(file, 'b', failures));
        for (let tries = 0; tries < 50 && (!existsSync(file) || readFileSync(file, 'utf8').length < deletes); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
        await new Promise((resolve) => setTimeout(resolve, 300));
        assert.equal(readFileSync(file, 'utf8').length, deletes, `with ${failures} failures`);
      }
    }),
  },
];
