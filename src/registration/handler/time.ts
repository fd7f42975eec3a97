/** Waits, but not past a deadline. */
export function pause(milliseconds: number, deadline: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, Math.min(milliseconds, deadline - Date.now()))));
}

/** A pause before the next try: up to twice as long as the last one, and never the same for two callers. */
export function jitter(attempt: number, first: number, max: number): number {
  return Math.random() * Math.min(max, first * 2 ** attempt);
}
