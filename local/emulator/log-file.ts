/** The log file of an emulator. Each start creates its own file. */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** No running emulator uses a log file that was not written to for this time. */
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Returns the name of a new log file, and deletes old ones.
 *
 * The age decides instead of the number, because the parts of `npm test` run many emulators in parallel and each reads its own log to the end.
 */
export function newLogFile(logs: string, port: number): string {
  mkdirSync(logs, { recursive: true });
  for (const name of readdirSync(logs)) {
    const file = join(logs, name);
    // A parallel start can delete the file at this point.
    const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
    if (name.startsWith('emulator-') && mtimeMs !== undefined && Date.now() - mtimeMs > MAX_AGE_MS) rmSync(file, { force: true });
  }
  return join(logs, `emulator-${new Date().toISOString().replace(/[:.]/g, '-')}-${port}.log`);
}
