/** Waits, at most until a deadline. */
export function pause(milliseconds: number, deadline: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, Math.min(milliseconds, deadline - Date.now()))));
}

/** A random pause before the next attempt. Its maximum doubles with each attempt. */
export function jitter(attempt: number, first: number, max: number): number {
  return Math.random() * Math.min(max, first * 2 ** attempt);
}
