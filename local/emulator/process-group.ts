/** Child processes that lead a group of their own, so that what they start ends with them. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const GRACE_MS = 3_000;

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, name);
  } catch {
    return false;
  }
}

/** Asks the whole group to end, and makes it. */
export async function endGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  signal(pid, 'SIGTERM');
  for (const start = Date.now(); Date.now() - start < GRACE_MS && signal(pid, 0);) await sleep(25);
  signal(pid, 'SIGKILL');
}

/** Ends the group when this process exits, however it does. Returns the way to let go of it. */
export function tieToThisProcess(child: ChildProcess): () => void {
  const kill = () => { if (child.pid !== undefined) signal(child.pid, 'SIGKILL'); };
  process.once('exit', kill);
  return () => process.removeListener('exit', kill);
}
