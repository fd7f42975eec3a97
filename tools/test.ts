/** `npm test`: runs all tests of the library and prints the total. `--help` lists the options. */
import { mkdirSync, rmSync } from 'fs';
import { choose, readOptions, runProgram } from './options';
import { Count, Part, PartRunner } from './run-parts';
import { PARTS, RESULTS, ROOT, resultFile } from './test-parts';

const HELP = `Runs the tests of the library, several parts in parallel. The output of each part is in test-results/<part>.log.

  npm test                            all parts
  npm test -- --only unit,prove       some parts; a single part shows its output while it runs
  npm test -- --list                  the names of the parts
  npm run check                       types, style, constructs, handler and local orchestrator, without the longest suites; use it after each change`;
const NAME_WIDTH = Math.max(...PARTS.map(({ name }) => name.length));

function quickParts(): Part[] {
  return PARTS.flatMap(({ inCheck, ...part }) => inCheck ? { ...part, command: [...part.command, ...inCheck] } : []);
}

async function main(): Promise<boolean> {
  const options = readOptions({ only: 'texts', list: 'flag', check: 'flag' }, HELP);
  if (options.list) {
    console.log(PARTS.map(part => `${part.name.padEnd(NAME_WIDTH)}  ${part.description}`).join('\n'));
    return true;
  }
  const parts = choose('part', options.check ? quickParts() : PARTS, options.only);
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  const counts = await new PartRunner(ROOT, RESULTS, resultFile).run(parts);
  const sum = (of: (count: Count) => number) => counts.reduce((total, count) => total + of(count), 0);
  const total = { passed: sum(c => c.passed), failed: sum(c => c.failed), skipped: sum(c => c.skipped) };

  console.log('');
  parts.forEach(({ name }, index) => {
    const { passed, failed, skipped } = counts[index];
    console.log(`${name.padEnd(NAME_WIDTH)}  ${String(passed).padStart(5)} passed  ${String(failed).padStart(3)} failed${skipped > 0 ? `  ${skipped} skipped` : ''}`);
  });
  console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
  return total.failed === 0;
}

runProgram(main);
