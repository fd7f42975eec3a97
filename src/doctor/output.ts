import type { Check, Finding } from './check';

/** What a check of a runner found. */
export interface Result {
  readonly check: Check;
  /** Undefined for a check of the stack or account. */
  readonly runner?: string;
  readonly findings: readonly Finding[];
}

const SYMBOLS = { ok: 'ok', problem: 'problem', unknown: 'not checked' } as const;
const COLOURS = { ok: 32, problem: 31, unknown: 33 } as const;
/** Longer answers of an API are cut. */
const MAX_CHARACTERS = 700;

/** A text of somebody else as it may reach a terminal: one line without control characters, and without characters that change the direction of writing. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').replace(/[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '');
  return clean.length > MAX_CHARACTERS ? `${clean.slice(0, MAX_CHARACTERS)}…` : clean;
}

/** The worst result of the findings. */
export function resultOf(findings: readonly Finding[]): Finding['result'] {
  return findings.some(({ result }) => result === 'problem') ? 'problem' : findings.some(({ result }) => result === 'unknown') ? 'unknown' : 'ok';
}

/** One line per check, and below it what was found, with the remedy of what is not as it has to be. */
export function lines(results: readonly Result[], isColoured: boolean): string[] {
  const runners = new Set(results.map(({ runner }) => runner).filter(Boolean));
  const width = Math.max(...results.map(({ check }) => check.id.length));
  return results.flatMap(({ check, runner, findings }) => {
    const result = resultOf(findings);
    const symbol = SYMBOLS[result].padEnd(SYMBOLS.unknown.length);
    const place = runner && runners.size > 1 ? `${printable(runner)}: ` : '';
    const status = isColoured ? `\u001b[${COLOURS[result]}m${symbol}\u001b[0m` : symbol;
    const headline = (text: string) => `${status}  ${check.id.padEnd(width)}  ${place}${text}`;
    const worse = findings.filter((finding) => finding.result !== 'ok');
    return result === 'ok'
      ? [headline(findings.map(({ found }) => printable(found)).join(' '))]
      : [headline(check.title), ...worse.flatMap(({ found, remedy }) =>
        [`    ${printable(found)}`, ...(remedy ? [`    → ${printable(remedy)}`] : [])])];
  });
}

export function summary(results: readonly Result[]): string {
  const count = (wanted: Finding['result']) => results.filter(({ findings }) => resultOf(findings) === wanted).length;
  return `${results.length} checks: ${count('ok')} ok, ${count('problem')} with problems, ${count('unknown')} could not be completed.`;
}

export function json(stack: string, results: readonly Result[]): string {
  const clean = ({ result, found, remedy }: Finding) => ({ result, found: printable(found), ...(remedy === undefined ? {} : { remedy: printable(remedy) }) });
  return JSON.stringify({
    stack,
    checks: results.map(({ check, runner, findings }) =>
      ({ id: check.id, ...(runner ? { runner } : {}), result: resultOf(findings), findings: findings.map(clean) })),
  }, undefined, 2);
}

/** 0: all is well; 1: there are problems; 2: a check could not be completed. */
export function exitCode(results: readonly Result[]): number {
  const worst = resultOf(results.flatMap(({ findings }) => findings));
  return worst === 'ok' ? 0 : worst === 'problem' ? 1 : 2;
}
