/** Runs the checks of a program, prints each failed check with its problems, and writes the results file that `npm test` counts. */
import { writeFileSync } from 'fs';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, what was expected, and what to do. Empty if the check passed. */
  readonly problem: string;
}

/** A check that fails if there are problems. Its message lists the problems, then the advice. */
export function check(name: string, problems: string[], ...advice: string[]): Check {
  return { name, ok: problems.length === 0, problem: problems.length === 0 ? '' : [...problems, ...advice].join('\n  ') };
}

/** Runs the checks of a program. A check that throws counts as failed. */
export function main(checks: () => Check[]): void {
  let list: Check[];
  try {
    list = checks();
  } catch (error) {
    list = [check('no check throws an error', [(error as Error).message], 'Fix this and run the program again.')];
  }
  report(list);
}

/** Prints the checks, writes them to the file after `--json`, and sets the exit code. */
export function report(checks: Check[], skipped = 0, args = process.argv): void {
  checks.forEach(({ name, ok, problem }) => (ok ? console.log(`ok      ${name}`) : console.error(`FAILED  ${name}\n  ${problem}`)));
  const json = args.indexOf('--json');
  if (json > 0) {
    writeFileSync(args[json + 1], JSON.stringify({ checks, skipped }, undefined, 2));
  }
  if (checks.some(({ ok }) => !ok)) {
    process.exitCode = 1;
  }
}
