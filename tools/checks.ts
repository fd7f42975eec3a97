/** What the tools that check something have in common: the list of their checks, what a failed one says, and the file that `npm test` counts. */
import { writeFileSync } from 'fs';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was expected, what came, and what to do. */
  readonly says: string;
}

/** One check. It failed when something is wrong, and then says what, and what to do. */
export function check(name: string, wrong: string[], ...todo: string[]): Check {
  return { name, ok: wrong.length === 0, says: [...wrong, ...todo].join('\n  ') };
}

/** Runs the checks of a tool; one that cannot be carried out counts as failed. */
export function main(checks: () => Check[]): void {
  let list: Check[];
  try {
    list = checks();
  } catch (error) {
    list = [check('the checks run to their end', [(error as Error).message], 'Mend that and run it again.')];
  }
  report(list);
}

/** Prints the checks, writes them to the file after `--json`, and sets the exit code. */
export function report(checks: Check[], skipped = 0, args = process.argv): void {
  checks.forEach(({ name, ok, says }) => (ok ? console.log(`ok      ${name}`) : console.error(`FAILED  ${name}\n  ${says}`)));
  const json = args.indexOf('--json');
  if (json > 0) {
    writeFileSync(args[json + 1], JSON.stringify({ checks, skipped }, undefined, 2));
  }
  if (checks.some(({ ok }) => !ok)) {
    process.exitCode = 1;
  }
}
