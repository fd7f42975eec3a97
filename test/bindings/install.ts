/** Makes an environment with nothing but a built package and what it depends on, for each language, as its users do. */
import { execFile } from 'child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { createHash } from 'node:crypto';
import { basename, delimiter, join } from 'path';
import { JAVA_CLASS, newProject, README } from './readme';
import { artifact, DIST } from '../../tools/package';
import { Language, MAVEN_REPOSITORY, ROOT, toolEnvironment } from '../../tools/toolchains';

export type Any = Language | 'typescript';

const WORK = join(ROOT, '.local', 'bindings');
const { devDependencies: { 'aws-cdk-lib': CDK, constructs: CONSTRUCTS } } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** An app of a language, installed and ready to be run. */
export interface Installed {
  /** Makes the project of the README's program, which is then run as an example is. */
  readonly addReadme: () => Promise<void>;
  /** Runs an example, the README's program, or the app that makes mistakes, as the CDK does; returns what it printed. */
  readonly run: (app: string, env: NodeJS.ProcessEnv) => Promise<string>;
  /** Runs several examples in one process; returns the errors by example. What the CDK would run is the command of `run`. */
  readonly runTogether?: (outdirs: Record<string, string>, env: NodeJS.ProcessEnv) => Promise<Record<string, string>>;
  /** Compiles the examples with the newest aws-cdk-lib, where the language compiles against it. */
  readonly compileWithNewest?: () => Promise<string>;
}

/** Go knows no ranges: a user gets the newest CDK that anything asks for, and types of it that have moved break the compilation. */
export const NEWEST_CDK = '2.275.0';

/** Runs a command to its end and returns what it printed; on failure says what it said. */
export async function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env, maxBuffer: 64 * 1024 * 1024, timeout: 600_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(`\`${[command, ...args].join(' ')}\` failed in ${cwd} (${error.signal ?? error.code}). It said:\n${`${stdout}${stderr}`.trim().slice(-4000)}`));
      } else {
        resolve(stdout);
      }
    });
  });
}

/** A fresh copy of the examples of a language, outside the checkout's own packages, and the app that makes mistakes beside them. */
function project(language: Any, errors: string): string {
  const directory = join(WORK, language);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(WORK, { recursive: true });
  cpSync(join(ROOT, 'examples', language), directory, {
    recursive: true, filter: source => !['node_modules', 'target', '.venv', 'cdk.out', '__pycache__'].includes(basename(source)),
  });
  cpSync(join(__dirname, 'errors', language), join(directory, errors), { recursive: true });
  return directory;
}

/** The command that cdk.json names, in the environment that the CDK would run it in. */
function app(directory: string, env: NodeJS.ProcessEnv): Installed['run'] {
  return async (name, given) => {
    const { app: command } = JSON.parse(readFileSync(join(directory, name, 'cdk.json'), 'utf8'));
    return run('sh', ['-c', command], join(directory, name), { ...env, ...given });
  };
}

const INSTALL: Record<Any, () => Promise<Installed>> = {
  typescript: async () => {
    const directory = project('typescript', 'errors');
    const env = toolEnvironment();
    // The tools in the versions that the library is built with; the examples themselves take later ones too.
    const tools = ['tsx', 'typescript'].map(name => `${name}@${JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version}`);
    await run('npm', ['pkg', 'delete', 'devDependencies.aws-cdk'], directory, env);
    await run('npm', ['install', '--no-audit', '--no-fund', '--save-exact', artifact('npm tarball'), `aws-cdk-lib@${CDK}`, `constructs@${CONSTRUCTS}`, ...tools], directory, env);
    cpSync(join(directory, 'basic', 'cdk.json'), join(directory, 'errors', 'cdk.json'));
    return { addReadme: async () => void newProject('typescript', directory, 'basic/cdk.json'), run: app(directory, env) };
  },

  python: async () => {
    const directory = project('python', 'errors');
    const env = toolEnvironment();
    await run('python3', ['-m', 'venv', '.venv'], directory, env);
    // A URL, so that it is this wheel and no other of its name.
    const constraints = join(directory, 'constraints.txt');
    writeFileSync(constraints, `${readFileSync(join(__dirname, 'constraints.txt'), 'utf8')}cdk-humanitec-ecs-runner @ file://${artifact('Python wheel')}\n`);
    const activated = { ...env, VIRTUAL_ENV: join(directory, '.venv'), PATH: [join(directory, '.venv', 'bin'), process.env.PATH].join(delimiter) };
    await run('pip', ['install', '--quiet', '--no-input', '-r', 'requirements.txt'], directory, { ...activated, PIP_CONSTRAINT: constraints });
    cpSync(join(directory, 'basic', 'cdk.json'), join(directory, 'errors', 'cdk.json'));
    return {
      addReadme: async () => void newProject('python', directory, 'basic/cdk.json'),
      run: app(directory, activated),
      runTogether: async (outdirs, given) => {
        const printed = await run('python3', [join(__dirname, 'python', 'run_examples.py'), JSON.stringify(outdirs)], directory, { ...activated, ...given });
        return JSON.parse(printed.trimEnd().split('\n').pop()!);
      },
    };
  },

  java: async () => {
    const directory = project('java', join('src', 'main', 'java', 'com', 'myorg'));
    // Maven never looks again at a version that it has.
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
    const env = toolEnvironment();
    await run('mvn', ['--batch-mode', '--quiet', 'compile'], directory, env);
    const built = artifact('Maven artifact');
    const used = readdirSync(group, { recursive: true, encoding: 'utf8' }).filter(file => basename(file) === basename(built)).map(file => join(group, file));
    if (used.length !== 1 || hash(used[0]) !== hash(built)) {
      throw new Error(`Maven should have taken ${built}, but its repository has ${used.join(', ') || 'no such file'}. Look where else it found the artifact.`);
    }
    // Maven takes longer to start than an example to run.
    const printed = await run('mvn', ['--batch-mode', '--quiet', 'exec:exec', '-Dexec.executable=echo', '-Dexec.args=%classpath'], directory, env);
    // Maven colours its output even if there is none.
    // eslint-disable-next-line no-control-regex
    const classPath = printed.replace(/\u001b\[[0-9;]*m/g, '').trim();
    return {
      // The POM of the examples is what `cdk init` makes, and our artifact.
      addReadme: async () => {
        const own = newProject('java', directory, 'cdk.json');
        ['pom.xml', '.mvn'].forEach(part => cpSync(join(directory, part), join(own, part), { recursive: true }));
      },
      run: async (name, given) => {
        const [where, main] = name === README ? [join(directory, README), JAVA_CLASS] : [directory, `com.myorg.${className(name)}`];
        if (![README, 'basic'].includes(name)) {
          return run('java', ['-cp', classPath, main], where, { ...env, ...given });
        }
        const { app: command } = JSON.parse(readFileSync(join(where, 'cdk.json'), 'utf8'));
        return run('sh', ['-c', `${command} -Dexec.mainClass=${main}`], where, { ...env, ...given });
      },
    };
  },

  go: async () => {
    const directory = project('go', 'errors');
    const env = toolEnvironment();
    const name = 'github.com/my-org/cdk-humanitec-ecs-runner-go/humanitececsrunner';
    const replace = `-replace=${name}=${join(artifact('Go module'), '..')}`;
    await run('go', ['mod', 'edit', replace], directory, env);
    cpSync(join(directory, 'basic', 'cdk.json'), join(directory, 'errors', 'cdk.json'));
    return {
      // A module of its own, that asks for the library alone: Go finds out what else that needs.
      addReadme: async () => {
        const own = newProject('go', directory, 'basic/cdk.json');
        await run('go', ['mod', 'init', README], own, env);
        await run('go', ['mod', 'edit', replace, `-require=${name}@v0.0.0`], own, env);
        await run('go', ['get', '.'], own, env);
      },
      run: app(directory, env),
      compileWithNewest: async () => {
        await run('go', ['get', `github.com/aws/aws-cdk-go/awscdk/v2@v${NEWEST_CDK}`], directory, env);
        // Of several programs, Go links none.
        return run('go', ['build', './...'], directory, env);
      },
    };
  },
};

function className(example: string): string {
  return `${example.split('-').map(word => word[0].toUpperCase() + word.slice(1)).join('')}App`;
}

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

export const install = (language: Any): Promise<Installed> => INSTALL[language]();
