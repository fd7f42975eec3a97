/** Images that `cdk deploy` builds. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { AssetImageOptions, RunnerImage } from '../../src';
import { newStack, runnerIn } from '../support';

let directory: string;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'image-')); });
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The arguments that the CDK passes to `docker build`. */
function sourceOf(stack: Stack): Record<string, unknown> & { directory: string } {
  const assembly = (stack.node.root as App).synth();
  const manifest = JSON.parse(readFileSync(join(assembly.directory, `${stack.artifactId}.assets.json`), 'utf8'));
  const [image] = Object.values<any>(manifest.dockerImages);
  return { ...image.source, directory: join(assembly.directory, image.source.directory) };
}

function built(options?: AssetImageOptions): ReturnType<typeof sourceOf> {
  const stack = newStack();
  runnerIn(stack, { image: RunnerImage.fromAsset(directory, options) });
  return sourceOf(stack);
}

test('an image of a directory is built for the platform of the tasks on any machine', () => {
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
  const stack = newStack();
  runnerIn(stack, { image: RunnerImage.fromAsset(directory) });
  expect(sourceOf(stack)).toMatchObject({ platform: 'linux/amd64' });
  Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('imagePlatform'));
});

test('an image of a directory can be pulled by the execution role', () => {
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
  const stack = newStack();
  runnerIn(stack, { image: RunnerImage.fromAsset(directory) });
  const actions = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
    .filter(({ Properties: { Roles: [{ Ref: role }] } }) => role.startsWith('RunnerExecutionRole'))
    .flatMap(({ Properties: { PolicyDocument: { Statement: statements } } }) => statements.flatMap(({ Action: action }: any) => action));
  expect(actions.sort()).toEqual(['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetAuthorizationToken', 'ecr:GetDownloadUrlForLayer']);
});

test('an image gets its build arguments, secrets, target and file', () => {
  writeFileSync(join(directory, 'Runner.dockerfile'), 'FROM scratch AS base\n');
  expect(built({ buildArgs: { B: '2', A: '1' }, buildSecrets: { token: 'src=token.txt' }, target: 'base', file: 'Runner.dockerfile' })).toMatchObject({
    dockerBuildArgs: { A: '1', B: '2' }, dockerBuildSecrets: { token: 'src=token.txt' }, dockerBuildTarget: 'base', dockerFile: 'Runner.dockerfile',
  });
});

test('an image does not contain files that match `exclude`', () => {
  for (const file of ['Dockerfile', 'notes.md']) {
    writeFileSync(join(directory, file), 'FROM scratch\n');
  }
  expect(readdirSync(built().directory).sort()).toEqual(['Dockerfile', 'notes.md']);
  expect(readdirSync(built({ exclude: ['*.md'] }).directory)).toEqual(['Dockerfile']);
});

test('an image is the same asset for any order of its build arguments', () => {
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
  const [one, other] = [{ A: '1', B: '2' }, { B: '2', A: '1' }].map(buildArgs => built({ buildArgs }).directory.split('.').pop());
  expect(one).toBe(other);
});

test('an image for another platform has a warning', () => {
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
  const stack = newStack();
  runnerIn(stack, { image: RunnerImage.fromAsset(directory, { platform: Platform.LINUX_ARM64 }) });
  expect(sourceOf(stack)).toMatchObject({ platform: 'linux/arm64' });
  Annotations.fromStack(stack).hasWarning('/Stack/Runner', Match.stringLikeRegexp('The image is built for linux/arm64, but.*run on linux/amd64.*imagePlatform'));
});

test('the code in SECURITY.md sets all build arguments of its Dockerfile', () => {
  const text = readFileSync(join(__dirname, '..', '..', 'SECURITY.md'), 'utf8');
  const [, dockerfile, line] = /```dockerfile\n([^`]*)```\s*and `image: (RunnerImage\.fromAsset\([^`]*\))`/.exec(text)!;
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  writeFileSync(join(directory, 'private-ca.pem'), '');
  const image: RunnerImage = new Function('RunnerImage', `return ${line.replace('\'runner-image\'', JSON.stringify(directory))};`)(RunnerImage);
  const stack = newStack();
  runnerIn(stack, { image });
  const source = sourceOf(stack);
  // Docker stops at FROM if a build argument has neither a default nor a value.
  const needed = [...dockerfile.matchAll(/^ARG (\w+)$/gm)].map(([, name]) => name);
  expect(needed).toEqual(['RUNNER_IMAGE']);
  expect(Object.keys(source.dockerBuildArgs as object)).toEqual(needed);
  for (const [, file] of dockerfile.matchAll(/^COPY (\S+) /gm)) expect(readFileSync(join(source.directory, file), 'utf8')).toBe('');
});
