/** The current time, in milliseconds since the epoch. */
export type Clock = () => number;

export function timestamp(clock: Clock): string {
  return new Date(clock()).toISOString();
}
