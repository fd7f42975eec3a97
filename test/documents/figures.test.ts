/** The figures in the documents agree with each other and with the code. */
import { Template } from 'aws-cdk-lib/assertions';
import { read, rowsOf } from './markdown';
import { RunnerMonitoring, TaskFailure } from '../../src';
import { CREATE_TO_DELETE_SECONDS, EVENT_AGE_SECONDS, HANDLER_SECONDS, SERVICE_TIMEOUT_SECONDS } from '../../src/registration/delivery-times';
import { CLOCK_SKEW, SERVER_TIMEOUT, SUMMARY_MAX_CHARACTERS, WRITE_WINDOW } from '../../src/registration/handler/limits';
import { measureTemplate } from '../../tools/template-size';
import { newStack, importedVpc, runnerIn } from '../support';

const COST = read('docs/COST.md');
const README = read('README.md');
const PERFORMANCE = read('docs/PERFORMANCE.md');

/** The first number in a table cell, for example 0.045 in `$0.045 per hour`. */
const numberIn = (cell: string) => Number(/[\d.,]*\d/.exec(cell)?.[0].replace(/,/g, ''));
const dollars = (value: number, digits: number) => `$${value.toFixed(digits)}`;

describe('docs/COST.md', () => {
  const idle = rowsOf(COST, 'what', 'created by');
  const perDeployment = rowsOf(COST, 'what', 'price', 'quantity', 'per deployment');

  test('multiplies prices and quantities correctly', () => {
    expect(idle.length).toBe(5);
    expect(idle.map(row => row[4])).toEqual(idle.map(([,, price, quantity]) => dollars(numberIn(price) * numberIn(quantity), 2)));
    expect(perDeployment.map(row => row[3])).toEqual(perDeployment.map(([, price, quantity]) => dollars(numberIn(price) * numberIn(quantity), 4)));
  });

  test('multiplies and adds up the prices of RunnerMonitoring as README.md and its docstring do', () => {
    const rows = rowsOf(COST, 'what', 'price', 'quantity', 'per month');
    expect(rows.map(row => row[3])).toEqual(rows.map(([, price, quantity]) => dollars(numberIn(price) * numberIn(quantity), 2)));
    const [dashboard, alarms, metrics, drift] = rows.map(row => numberIn(row[3]));
    const [least, most] = [dashboard + alarms, dashboard + alarms + metrics].map(value => value.toFixed(2));
    expect(COST).toContain(`between $${least} and $${most}`);
    expect(README).toContain(`between ${least} and ${most} USD per month`);
    expect(read('src/runner-monitoring.ts')).toContain(`between ${least} USD and ${most} USD per runner`);
    expect(README).toContain(`\`driftCheckInterval\` adds ${drift.toFixed(2)} USD`);
  });

  test('adds them up for a default runner, its network, a deployment of five minutes and one of an hour', () => {
    const [nat, address, secret] = idle.map(row => numberIn(row[4]));
    const fiveMinutes = perDeployment.reduce((sum, [, price, quantity]) => sum + numberIn(price) * numberIn(quantity), 0);
    const [total, network] = [dollars(nat + address + secret, 2), dollars(nat + address, 2)];
    expect(COST).toContain(`A default runner has the first three rows: ${total} per month.`);
    expect(COST).toContain(`| ${network} per month |`);
    expect(COST).toContain(`a deployment of five minutes costs ${dollars(fiveMinutes, 4)}, and one of an hour ${dollars(fiveMinutes * 12, 4)}`);
    expect(README).toContain(`This app costs ${total} per month in us-east-1 without any deployment: ${network} for the NAT gateway and its address, and ${dollars(secret, 2)} for the secret.`);
    expect(README).toContain(`about ${dollars(fiveMinutes, 3)}.`);
  });

  test('counts what RunnerMonitoring creates', () => {
    const stack = newStack();
    const runner = runnerIn(stack, { vpc: importedVpc(stack), subnetIds: undefined });
    new RunnerMonitoring(runner, 'Monitoring', { runner });
    const template = Template.fromStack(stack);
    const created = ['AWS::CloudWatch::Dashboard', 'AWS::CloudWatch::Alarm', 'AWS::Logs::MetricFilter'].map(type => Object.keys(template.findResources(type)).length);
    expect(rowsOf(COST, 'what', 'price', 'quantity', 'per month').slice(0, 3).map(([,, quantity]) => numberIn(quantity))).toEqual(created);
  });

  test('computes with the task of the orchestrator: half a vCPU and 1 GB for five minutes', () => {
    expect(perDeployment.map(([,, quantity]) => numberIn(quantity))).toEqual([0.5, 1].map(size => Number((size * 5 / 60).toFixed(5))));
  });
});

test('docs/PERFORMANCE.md states the number of resources and the longest dependency chain of a template', () => {
  const stack = newStack();
  const vpc = importedVpc(stack);
  for (const id of ['Runner1', 'Runner2']) {
    runnerIn(stack, { vpc, subnetIds: undefined }, id);
  }
  const { resources, longestChain } = measureTemplate(Template.fromStack(stack).toJSON() as Parameters<typeof measureTemplate>[0]);
  const further = numberIn(rowsOf(PERFORMANCE, '', 'this library').find(([row]) => row === 'resources for each further runner')![1]);
  const first = resources - further;
  expect(numberIn(rowsOf(PERFORMANCE, '', 'this library').find(([row]) => row === 'longest dependency chain, resources')![1])).toBe(longestChain);
  expect(PERFORMANCE).toContain(`each further runner adds ${further} to the first ${first}.`);
  expect(PERFORMANCE).toContain(`A stack has room for ${1 + Math.floor((500 - first) / further)} default runners`);
});

test('docs/PERFORMANCE.md states the size of the handler\'s bundle', () => {
  const [, size, limit] = rowsOf(PERFORMANCE, '', 'this library').find(([row]) => row === 'handler bundle, bytes')!;
  expect(numberIn(size)).toBe(Buffer.byteLength(read('assets/registration/index.js')));
  expect(read('tools/bundle.ts')).toContain(`const MAX_BYTES = ${limit.replace(',', '_')};`);
  expect(read('CONTRIBUTING.md')).toContain(`at most ${limit} bytes`);
});

test('the documents give the correct number of trial faults and failure reasons', () => {
  const faults = /const IN_TRIAL = \[\n([^\]]*)\]/.exec(read('local/try/faults/index.ts'))![1].trim().split('\n').length;
  expect(read('docs/DOCTOR.md')).toContain(`\`npm run try\` shows ${faults} of the faults`);
  expect(read('local/try/options.ts')).toContain(`then one of ${faults} faults after another`);
  expect(README).toContain(`for ${Object.keys(TaskFailure).length} reasons`);
});

test('docs/ARCHITECTURE.md states the handler\'s time limits and the maximum length of reasons', () => {
  const [event, handler, service, create] = [EVENT_AGE_SECONDS, HANDLER_SECONDS, SERVICE_TIMEOUT_SECONDS, CREATE_TO_DELETE_SECONDS].map(seconds => seconds / 60);
  const [write, server, skew] = [WRITE_WINDOW, SERVER_TIMEOUT, CLOCK_SKEW].map(milliseconds => milliseconds / 1000);
  const architecture = read('docs/ARCHITECTURE.md');
  for (const sentence of [
    `delivers an event for at most ${event} minutes, the handler has ${handler}, and CloudFormation waits for ${service}`,
    `the last ${create} minutes`,
    `less ${skew} seconds for clocks that differ`,
    `no write later than ${write} seconds after its start, and the API executes a call for at most ${server} seconds`,
    `looks again after ${write + server} seconds`,
    `in at most ${SUMMARY_MAX_CHARACTERS} characters`,
  ]) {
    expect(architecture).toContain(sentence);
  }
});
