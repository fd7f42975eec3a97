/** A fault of a deployed runner and the doctor check that must report it. */
import { diagnose, type World } from './world';
import type { Report } from '../report';

export type Undo = () => Promise<unknown>;

export interface Fault {
  readonly name: string;
  /** The id of the only check that reports the fault. */
  readonly check: string;
  /** A pattern for the remedy. */
  readonly remedy: RegExp;
  /** Injects the fault. Returns a function that undoes it. */
  readonly inject: (world: World) => Promise<Undo>;
}

/** A finding of the doctor about a fault. */
export interface Reported {
  readonly check: string;
  readonly found: string;
  readonly remedy: string;
}

/** Injects a fault, runs the doctor, and undoes the fault. Only the matching check must report a problem, with the expected remedy. */
export async function examine(world: World, { name, check, remedy, inject }: Fault, report: Report): Promise<Reported[]> {
  const undo = await inject(world);
  try {
    const { code, checks } = await diagnose();
    // Checks that need the API token have the result `unknown` without it.
    const failed = checks.filter(({ result }) => result === 'problem');
    report.add(`${name}: the check that reports it`, `${check}, exit code 1`, `${failed.map(({ id }) => id).join(', ')}, exit code ${code}`);
    const problems = failed.flatMap(({ id, findings }) => findings.filter(({ result }) => result === 'problem')
      .map((finding) => ({ check: id, found: finding.found, remedy: finding.remedy ?? '' })));
    const remedies = problems.map((each) => each.remedy).join(' ');
    report.add(`${name}: the remedy`, remedy.source, remedies, remedy.test(remedies));
    return problems;
  } finally {
    await undo();
  }
}
