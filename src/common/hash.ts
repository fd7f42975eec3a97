import { createHash } from 'crypto';

/** The first 8 hexadecimal digits of a SHA-256: enough to make ids within a stack unique. */
export function hash8(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
