/** The log file of an emulator. Each start has its own. */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files that nothing was written to for so long belong to no running emulator. */
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Returns the name of a new log file, and deletes old ones. Their age decides and not their number: the parts of `npm test` run many
 * emulators side by side, and each reads its own log to the end.
 */
export function newLogFile(logs: string, port: number): string {
  mkdirSync(logs, { recursive: true });
  for (const name of readdirSync(logs)) {
    const file = join(logs, name);
    // Another start may have deleted it in between.
    const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
    if (name.startsWith('emulator-') && mtimeMs !== undefined && Date.now() - mtimeMs > MAX_AGE_MS) rmSync(file, { force: true });
  }
  return join(logs, `emulator-${new Date().toISOString().replace(/[:.]/g, '-')}-${port}.log`);
}
