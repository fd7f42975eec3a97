/** The README's own examples, put into a project of each language that has nothing else: what a new user copies from it. */
import { mkdirSync, readFileSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import type { Any } from './install';
import { ROOT } from '../../tools/toolchains';

/** The project's name, beside the examples of its language. */
export const README = 'readme';
/** The class that README's program has in Java. */
export const JAVA_CLASS = 'RunnerApp';
/** What to do about all that can be wrong here. */
export const ADVICE = 'The README has its examples in other languages from those in TypeScript: correct README.md\'s TypeScript, or what tools/completed.ts '
  + 'adds, run `npx projen readme`, and commit what it writes.';

interface Layout {
  /** What README.md marks its blocks with. */
  readonly fence: string;
  /** The file of the program, the first block. */
  readonly program: string;
  /** The file of a block that goes on from a program, so that it is compiled with it. Its variables are those of rosetta/runner.ts-fixture. */
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

/** The blocks of a language. Each has as many as TypeScript, or something is missing. */
export function blocksOf(language: Any, readme: string): string[] {
  const marked = (fence: string) => [...readme.matchAll(new RegExp(`^\`\`\`${fence}\\b[^\\n]*\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block]) => block);
  const [{ fence }, { fence: ts }] = [LAYOUTS[language], LAYOUTS.typescript];
  const [found, wanted] = [marked(fence), marked(ts).length];
  if (found.length === 0 || found.length !== wanted) {
    throw new Error(`README.md should have ${wanted || 'some'} blocks marked \`\`\`${fence}, as many as marked \`\`\`${ts}; it has ${found.length}.`);
  }
  return found;
}

/** The files that the blocks make, by their paths in the project. */
export function filesOf(language: Any, readme: string): Record<string, string> {
  const { program, lines } = LAYOUTS[language];
  const [first, ...others] = blocksOf(language, readme);
  const more = lines ? others.map((block, index) => lines(block, `ReadmeBlock${index + 2}`)) : [];
  return { [program]: first, ...Object.fromEntries(more.map(({ file, source }) => [file, source])) };
}

/** Makes the project, with the command that the CDK would run it by, and returns where it is. */
export function newProject(language: Any, directory: string, cdkJson: string): string {
  const project = join(directory, README);
  const files = { ...filesOf(language, readFileSync(join(ROOT, 'README.md'), 'utf8')), 'cdk.json': readFileSync(join(directory, cdkJson), 'utf8') };
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), source);
  }
  return project;
}
