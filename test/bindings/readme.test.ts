import { readFileSync } from 'fs';
import { join } from 'path';
import { blocksOf, filesOf } from './readme';
import { ROOT } from '../../tools/toolchains';

const block = (fence: string, text: string) => `\n\`\`\`${fence}\n${text}\n\`\`\`\n`;
const readme = block('ts', 'first') + block('java', 'First') + block('sh', 'npm test') + block('ts fixture=runner', 'second') + block('java', 'Second');

test('the first code block of a language is the program; the others are compiled with it', () => {
  expect(blocksOf('typescript', readme)).toEqual(['first\n', 'second\n']);
  const { 'src/main/java/RunnerApp.java': program, 'src/main/java/ReadmeBlock2.java': lines, ...others } = filesOf('java', readme);
  expect(program).toBe('First\n');
  expect(lines).toMatch(/^final class ReadmeBlock2 {\n {4}static void lines\(.*\) {\nSecond\n/m);
  expect(others).toEqual({});
});

test('a missing code block is an error', () => {
  expect(() => blocksOf('go', readme)).toThrow('README.md should have 2 blocks marked ```go, as many as marked ```ts; it has 0.');
  expect(() => blocksOf('java', readme.replace('```java\nFirst', '```Java\nFirst'))).toThrow('2 blocks marked ```java, as many as marked ```ts; it has 1.');
  expect(() => blocksOf('typescript', block('sh', 'npm test'))).toThrow('some blocks marked ```ts');
});

test.each(['typescript', 'python', 'java', 'go'] as const)('the README begins with a complete program in %s', (language) => {
  const [program] = Object.values(filesOf(language, readFileSync(join(ROOT, 'README.md'), 'utf8')));
  expect(program).toMatch(/\bsynth\(/i);
});
