import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newLogFile } from '../../../local/emulator/log-file';

const DAY_S = 24 * 60 * 60;
const logs = mkdtempSync(join(tmpdir(), 'emulator-logs-'));
afterAll(() => rmSync(logs, { recursive: true }));

function written(file: string, daysAgo: number): string {
  writeFileSync(file, '');
  utimesSync(file, Date.now() / 1000 - daysAgo * DAY_S, Date.now() / 1000 - daysAgo * DAY_S);
  return file;
}

test('a start keeps the logs of any number of emulators that may still run', () => {
  const running = Array.from({ length: 30 }, (_, index) => written(newLogFile(logs, 40000 + index), 1));
  newLogFile(logs, 50000);
  expect(running.filter(file => !existsSync(file))).toEqual([]);
});

test('a start deletes only logs that were not written to for a week', () => {
  const old = written(newLogFile(logs, 40100), 8);
  const other = written(join(logs, 'notes.txt'), 8);
  newLogFile(logs, 50000);
  expect([existsSync(old), existsSync(other)]).toEqual([false, true]);
});
