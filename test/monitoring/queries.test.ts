/** Runs the saved queries on the sample events. */
import { runQuery } from './insights';
import { CLUSTER_ARN, FAMILY, SAMPLE_FAILURES, SAMPLE_SUCCESSES, TaskEvent, taskEvent } from './sample-events';
import { scopeOf, taskQueries } from '../../src/monitoring/queries';

const at = (event: TaskEvent, minute: number): TaskEvent => ({ ...event, time: `2026-01-23T18:${String(minute).padStart(2, '0')}:00Z` });
const EVENTS = [
  ...SAMPLE_FAILURES.map(({ detail }) => taskEvent(detail)),
  ...SAMPLE_SUCCESSES.map(detail => taskEvent(detail)),
  taskEvent({ lastStatus: 'RUNNING' }),
].map(at);
const queryOf = (name: keyof ReturnType<typeof taskQueries>, conditions = taskQueries([])) => conditions[name].lines.join('\n| ');

describe('the saved query', () => {
  test('"Last failures" shows the newest failed tasks with their reasons, and no other task', () => {
    const rows = runQuery(queryOf('lastFailures'), EVENTS);
    expect(rows).toHaveLength(Math.min(20, SAMPLE_FAILURES.length));
    const newest = SAMPLE_FAILURES.at(-1)!.detail;
    expect(rows[0]).toMatchObject({
      '@timestamp': `2026-01-23T18:${SAMPLE_FAILURES.length - 1}:00Z`, 'stopCode': newest.stopCode, 'reason': newest.stoppedReason, 'taskDefinition': `family:${FAMILY}`,
    });
    expect(rows[0].task).toMatch(/^arn:aws:ecs:/);
    expect(runQuery(queryOf('lastFailures'), EVENTS.slice(SAMPLE_FAILURES.length))).toEqual([]);
  });

  test('"Failures by reason" counts each stop code and error, the most frequent first', () => {
    const rows = runQuery(queryOf('failuresByReason'), EVENTS);
    expect(rows.reduce((sum, { failures }) => sum + Number(failures), 0)).toBe(SAMPLE_FAILURES.length);
    expect(rows.map(({ failures }) => failures)).toEqual(rows.map(({ failures }) => failures).sort((one, other) => Number(other) - Number(one)));
    const pull = SAMPLE_FAILURES.filter(({ detail }) => detail.stoppedReason!.startsWith('CannotPullContainerError:'));
    expect(rows.find(({ error }) => error === 'CannotPullContainerError')).toMatchObject({
      stopCode: 'TaskFailedToStart', failures: pull.length, lastReason: pull.at(-1)!.detail.stoppedReason,
    });
  });

  test('"Failures by environment" counts each task definition', () => {
    const other = taskEvent(SAMPLE_FAILURES[0].detail, { family: 'humanitec_other' });
    const rows = runQuery(queryOf('failuresByEnvironment'), [...EVENTS, at(other, 59)]);
    expect(rows.map(({ taskDefinition, failures }) => [taskDefinition, failures])).toEqual([[FAMILY, SAMPLE_FAILURES.length], ['humanitec_other', 1]]);
  });

  test.each([
    ['within a minute', ['2026-01-23T17:57:34.402Z', '2026-01-23T17:57:58.100Z', '2026-01-23T18:00:00.000Z'], 23.698, 121.9],
    ['over midnight', ['2026-01-23T23:59:50.000Z', '2026-01-24T00:01:10.000Z', '2026-01-24T00:11:10.000Z'], 80, 600],
  ])('"Slowest starts" computes the seconds until the start and the end %s', (_situation, [createdAt, startedAt, stoppedAt], startSeconds, runSeconds) => {
    const detail = { ...SAMPLE_SUCCESSES[0], createdAt, startedAt, stoppedAt };
    const event = taskEvent(detail);
    const rows = runQuery(queryOf('slowestStarts'), [event, ...EVENTS]);
    expect(rows.map(({ taskDefinition }) => taskDefinition)).toEqual([`family:${FAMILY}`]);
    expect(rows[0].startSeconds).toBeCloseTo(startSeconds, 3);
    expect(rows[0].runSeconds).toBeCloseTo(runSeconds, 3);
  });

  test('shows only the tasks of the runner in a shared log group', () => {
    const scoped = taskQueries(scopeOf(CLUSTER_ARN, 'humanitec_'));
    const others = [
      taskEvent(SAMPLE_FAILURES[0].detail, { clusterArn: 'arn:aws:ecs:us-east-1:111122223333:cluster/other' }), taskEvent(SAMPLE_FAILURES[0].detail, { family: 'web' }),
    ];
    for (const name of ['lastFailures', 'failuresByReason', 'failuresByEnvironment'] as const) {
      expect(runQuery(queryOf(name, scoped), others)).toEqual([]);
      expect(runQuery(queryOf(name, scoped), EVENTS)).toEqual(runQuery(queryOf(name), EVENTS));
    }
  });
});

test.each(['fields detail.a as', 'filter detail.a = ', 'filter (detail.a', 'filter detail.a & 1', 'stats sum(detail.a) as b by c', 'sort detail.a', 'display detail.a', 'parse detail.a b'])(
  'the evaluator rejects "%s"', (query) => {
    expect(() => runQuery(query, EVENTS)).toThrow(/Expected|Syntax error at/);
  });
