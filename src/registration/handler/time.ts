import { LOOK, POLL } from './limits';

/** Waits, but not past a deadline. */
export function pause(milliseconds: number, deadline: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, Math.min(milliseconds, deadline - Date.now()))));
}

/** Does something again and again, at least once and until the time is over. Returns what came of the last time. */
export async function untilOver<T>(over: number, act: () => Promise<T>): Promise<T> {
  for (;;) {
    const result = await act();
    if (Date.now() + POLL + LOOK >= over) {
      return result;
    }
    await pause(POLL, over);
  }
}

/** A pause before the next try: up to twice as long as the last one, and never the same for two callers. */
export function jitter(attempt: number, first: number, max: number): number {
  return Math.random() * Math.min(max, first * 2 ** attempt);
}
