/** Child processes that are started with `detached`, so that a signal to the process group also reaches their children. */
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

/** Sends SIGTERM to the group, and SIGKILL after a grace period. */
export async function stopGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  signal(pid, 'SIGTERM');
  for (const start = Date.now(); Date.now() - start < GRACE_MS && signal(pid, 0);) await sleep(25);
  signal(pid, 'SIGKILL');
}

/** Kills the group when this process exits. Returns a function that removes this handler. */
export function killOnExit(child: ChildProcess): () => void {
  const kill = () => { if (child.pid !== undefined) signal(child.pid, 'SIGKILL'); };
  process.once('exit', kill);
  return () => process.removeListener('exit', kill);
}
