/** The failure classes of tasks: each documented failure belongs to one class, in programs and in metrics. */
import * as fc from 'fast-check';
import { SAMPLE_FAILURES, SAMPLE_SUCCESSES, taskEvent } from './sample-events';
import { matchesPattern } from '../../local/emulator/filter-patterns';
import { all, applies, filterPattern } from '../../src/monitoring/conditions';
import { FAILED, FAILURE_CLASSES, failureClassOf, SLOW_START, startedLate, STOPPED, Task } from '../../src/monitoring/failure-classes';

const CLASS_PATTERNS = FAILURE_CLASSES.map(({ id, condition }) => ({ id, pattern: filterPattern(all(STOPPED, condition)) }));
const FAILED_PATTERN = filterPattern(FAILED);
const MISSING_FIELDS = [{ missingIsDifferent: true }, { missingIsDifferent: false }];

/** The ids of the classes whose filter patterns match, with both possible behaviours for missing fields. */
function classesCounted(detail: Task): string[] {
  const counted = MISSING_FIELDS.map(world => CLASS_PATTERNS.filter(({ pattern }) => matchesPattern(pattern, taskEvent(detail), world)).map(({ id }) => id));
  expect(counted[1]).toEqual(counted[0]);
  return counted[0];
}

function failedCounted(detail: Task): boolean {
  const counted = MISSING_FIELDS.map(world => matchesPattern(FAILED_PATTERN, taskEvent(detail), world));
  expect(counted[1]).toBe(counted[0]);
  return counted[0];
}

describe('failure classes', () => {
  test.each(SAMPLE_FAILURES)('contain the documented failure in $classId: $detail.stoppedReason', ({ classId, detail }) => {
    expect(failureClassOf({ ...detail, lastStatus: 'STOPPED' })?.id).toBe(classId);
    expect(classesCounted(detail)).toEqual([classId]);
    expect(failedCounted(detail)).toBe(true);
  });

  test('each have a documented failure', () => {
    expect([...new Set(SAMPLE_FAILURES.map(({ classId }) => classId))].sort()).toEqual(FAILURE_CLASSES.map(({ id }) => id).sort());
  });

  test('do not contain a successful deployment, even if other containers failed', () => {
    for (const detail of SAMPLE_SUCCESSES) {
      expect(failureClassOf({ ...detail, lastStatus: 'STOPPED' })).toBeUndefined();
      expect(classesCounted(detail)).toEqual([]);
      expect(failedCounted(detail)).toBe(false);
    }
  });

  test('do not contain a task that has not stopped', () => {
    for (const { detail } of SAMPLE_FAILURES) {
      for (const lastStatus of ['PENDING', 'RUNNING', 'DEPROVISIONING']) {
        expect(failureClassOf({ ...detail, lastStatus })).toBeUndefined();
        expect(classesCounted({ ...detail, lastStatus })).toEqual([]);
      }
    }
  });

  test('contain every failed task exactly once, and its filter patterns agree with the program', () => {
    const reasons = [...new Set(SAMPLE_FAILURES.map(({ detail }) => detail.stoppedReason!)), 'something new'];
    const text = fc.option(fc.array(fc.constantFrom(...reasons), { maxLength: 3 }).map(parts => parts.join(' ')), { nil: undefined });
    const container = fc.record({
      name: fc.constantFrom('main', 'aws-guardduty-agent'), exitCode: fc.option(fc.constantFrom(0, 1, 137), { nil: undefined }), reason: text,
    });
    const stopCode = fc.constantFrom('TaskFailedToStart', 'EssentialContainerExited', 'UserInitiated', 'ServiceSchedulerInitiated', 'TerminationNotice', 'NewStopCode', undefined);
    const tasks = fc.record({ stopCode, stoppedReason: text, containers: fc.array(container, { maxLength: 2 }) });
    fc.assert(fc.property(tasks, generated => {
      const task = JSON.parse(JSON.stringify({ ...generated, lastStatus: 'STOPPED' })) as Task;
      const expected = failureClassOf(task)?.id;
      expect(classesCounted(task)).toEqual(expected ? [expected] : []);
      expect(failedCounted(task)).toBe(expected !== undefined);
      expect(FAILURE_CLASSES.filter(({ condition }) => applies(condition, task)).length).toBe(expected ? 1 : 0);
    }), { numRuns: 300 });
  });

  test('have unique ids and metric names, and a remedy', () => {
    const ids = [...FAILURE_CLASSES, SLOW_START].map(({ id }) => id);
    const metrics = FAILURE_CLASSES.map(({ metricName }) => metricName);
    expect([new Set(ids).size, new Set(metrics).size]).toEqual([ids.length, metrics.length]);
    for (const { title, remedy, source } of [...FAILURE_CLASSES, SLOW_START]) {
      expect(title).toMatch(/^[A-Z].*[a-z]$/);
      expect(remedy).toMatch(/^[A-Z].*\.$/);
      expect(new URL(source).protocol).toBe('https:');
    }
  });
});

describe('the time to start', () => {
  const createdAt = '2026-01-23T17:57:34.402Z';

  test('is too long from two minutes, in the formats of events, SDK and CLI', () => {
    expect(startedLate({ createdAt, startedAt: '2026-01-23T17:59:34.402Z' })).toBe(false);
    expect(startedLate({ createdAt, startedAt: '2026-01-23T17:59:34.403Z' })).toBe(true);
    expect(startedLate({ createdAt: new Date(createdAt), startedAt: new Date('2026-01-23T18:10:00Z') })).toBe(true);
    expect(startedLate({ createdAt: 1769190000.5, startedAt: 1769190121 })).toBe(true);
    expect(startedLate({ createdAt: 1769190000.5, startedAt: 1769190120 })).toBe(false);
  });

  test('is not evaluated for a task that has not started', () => {
    expect(startedLate({ createdAt })).toBe(false);
  });
});
