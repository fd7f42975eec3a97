/** The TypeScript code in the documents works. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ts from 'typescript';
import { EcsRunner, StateStorage } from '../../src';
import { importedVpc, newStack, orchestratorOf, runnerIn } from '../support';
import { blocksOf, read } from './markdown';

/** Runs lines of a document. `scope` has the variables that the document assumes. */
function run(lines: string, scope: Record<string, unknown>): void {
  const code = ts.transpile(lines, { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  new Function(...Object.keys(scope), code)(...Object.values(scope));
}

describe('docs/TESTING.md', () => {
  const [assertions, testRunner] = blocksOf(read('docs/TESTING.md'), 'ts');

  function runnerStack(): Stack {
    const stack = newStack();
    runnerIn(stack, { vpc: importedVpc(stack), subnetIds: undefined }).addRule('Production', { envTypeId: 'production' });
    return stack;
  }

  test('contains assertions that pass for a runner in an existing VPC', () => {
    expect(() => run(assertions, { Template, stack: runnerStack() })).not.toThrow();
  });

  test('contains assertions that fail for a stack without a runner', () => {
    expect(() => run(assertions, { Template, stack: newStack() })).toThrow('Custom::HumanitecRunnerRule');
  });

  test('contains a test runner whose bucket is deleted with its objects', () => {
    const stack = newStack();
    run(testRunner, { EcsRunner, StateStorage, RemovalPolicy, stack, orchestrator: orchestratorOf(stack) });
    Template.fromStack(stack).hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    Template.fromStack(stack).resourceCountIs('Custom::S3AutoDeleteObjects', 1);
  });
});
