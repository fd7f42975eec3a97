import { api, common, send } from './lifecycle-support';
import { SPEED } from './support';

const BUSY_MS = 1_500;
/** Of this time, the handler reserves 40 seconds for its answer and for a delete. */
const REMAINING_MS = 58_000;

/** Blocks this process, as on a busy machine. */
function beBusy(milliseconds: number): void {
  const until = Date.now() + milliseconds;
  while (Date.now() < until) {
    // Waits.
  }
}

describe('the handler\'s clock in tests', () => {
  test('stops while the process of the services gets no processor time', async () => {
    api.setFaults(() => {
      beBusy(BUSY_MS);
      return undefined;
    });
    const { Status, seconds } = await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' }, {}, { remaining: REMAINING_MS });
    expect(Status).toBe('SUCCESS');
    expect(seconds).toBeLessThan(BUSY_MS / 1000 * SPEED / 2);
  });

  test('runs faster than the clock of the test', async () => {
    api.setFaults(() => ({ name: 'silent', carriedOut: false, answer: { kind: 'never' } }));
    const began = Date.now();
    const { Status, seconds } = await send('RunnerId', 'Create', { ...common(), RunnerId: 'prod-runner' });
    expect(Status).toBe('FAILED');
    expect(seconds).toBeGreaterThan((Date.now() - began) / 1000 * 2);
  });
});
