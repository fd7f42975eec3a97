/** Installs a built package and its dependencies into a clean environment for each language, as users do. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { createHash } from 'node:crypto';
import { basename, delimiter, join } from 'path';
import { JAVA_CLASS, newProject, README } from './readme';
import { run } from './run';
import { addGoProgram, addProgram, outdirEnvironment, Printed, runTogether } from './together';
import { artifact, DIST } from '../../tools/package';
import { Language, MAVEN_REPOSITORY, ROOT, toolEnvironment } from '../../tools/toolchains';

export type Any = Language | 'typescript';

/** The app that prints the error messages for invalid inputs. */
export const ERRORS = 'errors';
const WORK = join(ROOT, '.local', 'bindings');
const { devDependencies: { 'aws-cdk-lib': CDK, constructs: CONSTRUCTS } } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** An installed package with apps that can be run. */
export interface Installed {
  /** Creates a project with the README's program. */
  readonly addReadme: () => Promise<void>;
  /** Runs the README's program with the command of cdk.json, as the CDK CLI does. */
  readonly runReadme: (env: NodeJS.ProcessEnv) => Promise<unknown>;
  /** Runs all examples and then the app with errors, in one process. */
  readonly runTogether: (outdirs: Record<string, string>, env: NodeJS.ProcessEnv) => Promise<Printed>;
  /** Type-checks the library and the examples with a newer aws-cdk-lib, for languages that compile against it. */
  readonly compileWithNewest?: () => Promise<string>;
}

/** Go has no version ranges and selects the highest version that any module requires. Types that move between CDK versions break the compilation. */
export const NEWEST_CDK = '2.275.0';

/** Copies the examples of a language and the app with errors to a directory outside the checkout's packages. */
function project(language: Any, errors: string = ERRORS): string {
  const directory = join(WORK, language);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(WORK, { recursive: true });
  cpSync(join(ROOT, 'examples', language), directory, {
    recursive: true, filter: source => !['node_modules', 'target', '.venv', 'cdk.out', '__pycache__'].includes(basename(source)),
  });
  cpSync(join(__dirname, 'errors', language), join(directory, errors), { recursive: true });
  return directory;
}

/** Runs the command of cdk.json in the given environment. */
function readme(directory: string, env: NodeJS.ProcessEnv, ...args: string[]): Installed['runReadme'] {
  return async (given) => {
    const { app } = JSON.parse(readFileSync(join(directory, README, 'cdk.json'), 'utf8'));
    return run('sh', ['-c', [app, ...args].join(' ')], join(directory, README), { ...env, ...given });
  };
}

const INSTALL: Record<Any, () => Promise<Installed>> = {
  typescript: async () => {
    const directory = project('typescript');
    const env = toolEnvironment();
    // The tools have the versions with which the library is built. The examples also accept later versions.
    const tools = ['tsx', 'typescript'].map(name => `${name}@${JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version}`);
    await run('npm', ['pkg', 'delete', 'devDependencies.aws-cdk'], directory, env);
    await run('npm', ['install', '--no-audit', '--no-fund', '--save-exact', artifact('npm tarball'), `aws-cdk-lib@${CDK}`, `constructs@${CONSTRUCTS}`, ...tools], directory, env);
    return {
      addReadme: async () => void newProject('typescript', directory, 'basic/cdk.json'),
      runReadme: readme(directory, env),
      runTogether: async (outdirs, given) => {
        const apps = Object.fromEntries(Object.entries(outdirs).map(([name, outdir]) => [outdir, join(directory, name, 'app.ts')]));
        const { messages, errors } = await runTogether(join(directory, 'node_modules', '.bin', 'tsx'),
          [join(__dirname, '..', 'run-apps.ts'), JSON.stringify(apps)], directory, { ...env, ...given });
        return { messages, errors: renamed(errors, basename) };
      },
    };
  },

  python: async () => {
    const directory = project('python');
    const env = toolEnvironment();
    const pinned = join(__dirname, 'constraints.txt');
    // A URL makes pip install this wheel and no other of the same name.
    const constraints = join(directory, 'constraints.txt');
    const wheel = `cdk-humanitec-ecs-runner @ file://${artifact('Python wheel')}`;
    writeFileSync(constraints, `${readFileSync(pinned, 'utf8')}${wheel}\n`);
    const venv = await virtualEnvironment(pinned, env);
    const activated = { ...env, VIRTUAL_ENV: venv, PATH: [join(venv, 'bin'), process.env.PATH].join(delimiter) };
    const pip = async (...args: string[]) => run('pip', ['install', '--quiet', '--no-input', ...args], directory, { ...activated, PIP_CONSTRAINT: constraints });
    await pip('--force-reinstall', '--no-deps', wheel);
    await pip('-r', 'requirements.txt');
    const program = addProgram('run_examples.py', directory);
    return {
      addReadme: async () => void newProject('python', directory, 'basic/cdk.json'),
      runReadme: readme(directory, activated),
      runTogether: async (outdirs, given) =>
        runTogether('python3', [program, JSON.stringify(outdirs)], directory, { ...activated, ...given, ...outdirEnvironment(directory) }),
    };
  },

  java: async () => {
    const sources = join('src', 'main', 'java', 'com', 'myorg');
    const directory = project('java', sources);
    addProgram('RunExamples.java', join(directory, sources));
    // Without this, Maven would use the artifact of an earlier run, because it has the same version.
    const group = join(MAVEN_REPOSITORY, 'io', 'github', 'my-org');
    rmSync(group, { recursive: true, force: true });
    mkdirSync(join(directory, '.mvn'));
    writeFileSync(join(directory, '.mvn', 'maven.config'), '--settings=.mvn/settings.xml\n');
    writeFileSync(join(directory, '.mvn', 'settings.xml'), `<settings>
  <localRepository>${MAVEN_REPOSITORY}</localRepository>
  <profiles><profile><id>built</id><repositories><repository><id>built</id><url>file://${join(DIST, 'java')}</url></repository></repositories></profile></profiles>
  <activeProfiles><activeProfile>built</activeProfile></activeProfiles>
</settings>
`);
    // The programs are too short to profit from Java's optimizing compiler.
    const env = { ...toolEnvironment(), MAVEN_OPTS: '-XX:TieredStopAtLevel=1' };
    // Maven starts slower than an example runs, so one start compiles and prints the class path.
    const printed = await run('mvn', ['--batch-mode', '--quiet', 'compile', 'exec:exec', '-Dexec.executable=echo', '-Dexec.args=%classpath'], directory, env);
    const built = artifact('Maven artifact');
    const used = readdirSync(group, { recursive: true, encoding: 'utf8' }).filter(file => basename(file) === basename(built)).map(file => join(group, file));
    if (used.length !== 1 || hash(used[0]) !== hash(built)) {
      throw new Error(`Expected Maven to use ${built}; its repository has ${used.join(', ') || 'no such file'}. Find out where else Maven got the artifact.`);
    }
    // Maven prints colour codes even around empty output.
    // eslint-disable-next-line no-control-regex
    const classPath = printed.replace(/\u001b\[[0-9;]*m/g, '').trim();
    return {
      // The POM of the examples equals that of `cdk init`, plus the library.
      addReadme: async () => {
        const own = newProject('java', directory, 'cdk.json');
        ['pom.xml', '.mvn'].forEach(part => cpSync(join(directory, part), join(own, part), { recursive: true }));
      },
      runReadme: readme(directory, env, `-Dexec.mainClass=${JAVA_CLASS}`),
      runTogether: async (outdirs, given) => {
        const { messages, errors } = await runTogether('java', ['-XX:TieredStopAtLevel=1', '-cp', classPath, 'com.myorg.RunExamples', JSON.stringify(renamed(outdirs, className))], directory,
          { ...env, ...given, ...outdirEnvironment(directory) });
        return { messages, errors: renamed(errors, name => Object.keys(outdirs).find(example => className(example) === name)!) };
      },
    };
  },

  go: async () => {
    const directory = project('go');
    const env = toolEnvironment();
    const name = 'github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner';
    const replace = `-replace=${name}=${join(artifact('Go module'), '..')}`;
    await run('go', ['mod', 'edit', replace], directory, env);
    return {
      // A module that requires only the library. `go get` adds the other modules.
      addReadme: async () => {
        const own = newProject('go', directory, 'basic/cdk.json');
        await run('go', ['mod', 'init', README], own, env);
        await run('go', ['mod', 'edit', replace, `-require=${name}@v0.0.0`], own, env);
        await run('go', ['get', '.'], own, env);
      },
      runReadme: readme(directory, env),
      runTogether: async (outdirs, given) => {
        const program = addGoProgram('ecs-runner-examples', directory, Object.keys(outdirs));
        return runTogether('go', ['run', '.', JSON.stringify(outdirs)], program, { ...env, ...given, ...outdirEnvironment(directory) });
      },
      compileWithNewest: async () => {
        await run('go', ['get', `github.com/aws/aws-cdk-go/awscdk/v2@v${NEWEST_CDK}`], directory, env);
        const packages = await run('go', ['list', '-deps', '-json=ImportPath,Dir,GoFiles,ImportMap,DepOnly,Module,Error', './...'], directory, { ...env, CGO_ENABLED: '0' });
        writeFileSync(join(directory, 'packages.json'), packages);
        return run('sh', ['-c', `go run '${join(__dirname, 'go', 'typecheck.go')}' < packages.json`], directory, env);
      },
    };
  },
};

/** The virtual environment with the wheel's dependencies. It is kept for later runs, because installing the CDK takes longer than running all examples. */
async function virtualEnvironment(pinned: string, env: NodeJS.ProcessEnv): Promise<string> {
  const wanted = `${await run('python3', ['-c', 'import sys; print(sys.version, sys.prefix)'], WORK, env)}${readFileSync(pinned, 'utf8')}`;
  const [venv, stamp] = ['python-venv', 'python-venv.txt'].map(name => join(WORK, name));
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    [venv, stamp].forEach(path => rmSync(path, { recursive: true, force: true }));
    await run('python3', ['-m', 'venv', venv], WORK, env);
    await run(join(venv, 'bin', 'pip'), ['install', '--quiet', '--no-input', '-r', pinned], WORK, env);
    writeFileSync(stamp, wanted);
  }
  return venv;
}

function className(example: string): string {
  return `${example.split('-').map(word => word[0].toUpperCase() + word.slice(1)).join('')}App`;
}

function renamed<T>(entries: Record<string, T>, rename: (name: string) => string): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [rename(name), value]));
}

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

export const install = (language: Any): Promise<Installed> => INSTALL[language]();
