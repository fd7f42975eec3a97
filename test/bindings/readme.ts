/** Creates a project for each language that contains only the README's examples, as a new user copies them. */
import { mkdirSync, readFileSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import type { Any } from './install';
import { ROOT } from '../../tools/toolchains';

/** The project's directory, next to the examples. */
export const README = 'readme';
/** The class name of the README's program in Java. */
export const JAVA_CLASS = 'RunnerApp';
/** What to do about all that can be wrong here. */
export const ADVICE = 'The examples in other languages are generated from TypeScript: correct the TypeScript example in README.md or the additions in tools/completed.ts, '
  + 'adds, run `npx projen readme`, and commit what it writes.';

interface Layout {
  /** The language name after the opening backticks in README.md. */
  readonly fence: string;
  /** The file with the first block, which is a complete program. */
  readonly program: string;
  /** The file for a further block, which is compiled together with the program. Its variables are those of rosetta/runner.ts-fixture. */
  readonly lines?: (block: string, name: string) => { file: string; source: string };
}

const LAYOUTS: Record<Any, Layout> = {
  typescript: { fence: 'ts', program: 'app.ts' },
  python: { fence: 'python', program: 'app.py' },
  java: {
    fence: 'java',
    program: `src/main/java/${JAVA_CLASS}.java`,
    lines: (block, name) => ({
      file: `src/main/java/${name}.java`,
      source: `import io.github.myorg.cdk.humanitec.ecsrunner.EcsRunner;
import io.github.myorg.cdk.humanitec.ecsrunner.RunnerMonitoring;
import software.amazon.awscdk.services.ec2.ISecurityGroup;
import software.amazon.awscdk.services.s3.IBucket;

final class ${name} {
    static void lines(EcsRunner runner, IBucket bucket, ISecurityGroup database) {
${block}
    }
}
`,
    }),
  },
  go: {
    fence: 'go',
    program: 'main.go',
    lines: (block, name) => ({
      file: `${name}.go`,
      source: `package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
	"github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner"
)

// Not every block has a text.
var _ = jsii.String

func ${name}(runner humanitececsrunner.EcsRunner, bucket awss3.IBucket, database awsec2.ISecurityGroup) {
${block}
}
`,
    }),
  },
};

/** The README's code blocks in a language. Throws an error if there are not as many as in TypeScript. */
export function blocksOf(language: Any, readme: string): string[] {
  const marked = (fence: string) => [...readme.matchAll(new RegExp(`^\`\`\`${fence}\\b[^\\n]*\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block]) => block);
  const [{ fence }, { fence: ts }] = [LAYOUTS[language], LAYOUTS.typescript];
  const [found, wanted] = [marked(fence), marked(ts).length];
  if (found.length === 0 || found.length !== wanted) {
    throw new Error(`README.md should have ${wanted || 'some'} blocks marked \`\`\`${fence}, as many as marked \`\`\`${ts}; it has ${found.length}.`);
  }
  return found;
}

/** The files made from the blocks, by path in the project. */
export function filesOf(language: Any, readme: string): Record<string, string> {
  const { program, lines } = LAYOUTS[language];
  const [first, ...others] = blocksOf(language, readme);
  const more = lines ? others.map((block, index) => lines(block, `ReadmeBlock${index + 2}`)) : [];
  return { [program]: first, ...Object.fromEntries(more.map(({ file, source }) => [file, source])) };
}

/** Creates the project with a cdk.json and returns its directory. */
export function newProject(language: Any, directory: string, cdkJson: string): string {
  const project = join(directory, README);
  const files = { ...filesOf(language, readFileSync(join(ROOT, 'README.md'), 'utf8')), 'cdk.json': readFileSync(join(directory, cdkJson), 'utf8') };
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), source);
  }
  return project;
}
