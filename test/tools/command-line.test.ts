/** The command-line options of the project's programs. */
import { spawnSync } from 'child_process';
import { join } from 'path';

const ROOT = join(__dirname, '..', '..');

function run(program: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules', '.bin', 'tsx'), ['--tsconfig', 'tsconfig.dev.json', program, ...args], { cwd: ROOT, encoding: 'utf8' });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

describe.each([
  ['npm test', 'tools/test.ts', '--only, --list, --check, --help'],
  ['npm run prove', 'test/proof/index.ts', '--list, --only, --json, --help'],
  ['npm run soak', 'test/soak/index.ts', '--events, --seed, --mutants, --only, --list, --json, --help'],
])('%s', (command, program, options) => {
  test('rejects an unknown option and lists the known options', () => {
    expect(run(program, '--part', 'unit')).toEqual({ status: 2, stdout: '', stderr: `Unknown option '--part'. The options are ${options}.` });
  });

  test('describes its options with --help, without running', () => {
    const { status, stdout, stderr } = run(program, '--help');
    expect([status, stderr]).toEqual([0, '']);
    for (const option of options.split(', ').filter(name => name !== '--help' && name !== '--check')) {
      expect(stdout).toContain(option);
    }
    expect(stdout).toContain(`  ${command} `);
  });
});

test('npm test rejects an unknown part, and lists the parts with --list', () => {
  const { status, stderr } = run('tools/test.ts', '--only', 'unit,style');
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^There is no part "style"\. Choose from lifecycle, .*, licenses\.$/)]);
  expect(run('tools/test.ts', '--list').stdout).toMatch(/^unit +constructs, handler and local orchestrator$/m);
});

test('npm run soak rejects an invalid number of events and an unknown precaution', () => {
  expect(run('test/soak/index.ts', '--events', 'many')).toMatchObject({ status: 2, stderr: "--events is 'many': expected a whole number." });
  expect(run('test/soak/index.ts', '--only', 'luck')).toMatchObject({ status: 2, stderr: expect.stringMatching(/^There is no precaution "luck"\. Choose from /) });
});
