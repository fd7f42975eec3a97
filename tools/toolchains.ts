/** Finds Python, Java and Go on this machine, and sets the directories for their downloads inside the checkout. */
import { spawnSync } from 'child_process';
import { mkdirSync } from 'fs';
import { join } from 'path';
import { withoutAws } from '../local/emulator/environment';

export const ROOT = join(__dirname, '..');
/** All downloads go here, so the user's own caches never contain unpublished packages. */
const CACHES = join(ROOT, '.local', 'caches');
export const MAVEN_REPOSITORY = join(CACHES, 'maven');

export type Language = 'python' | 'java' | 'go';
export const LANGUAGES: Language[] = ['python', 'java', 'go'];

/** How to read the version of each tool, and the lowest supported version. */
const TOOLS: Record<Language, { command: string[]; version: RegExp; lowest: [number, number]; needs: string }[]> = {
  python: [{
    command: ['python3', '-c', 'import ensurepip, sys, venv; print("Python %d.%d" % sys.version_info[:2])'],
    version: /Python (\d+)\.(\d+)/,
    lowest: [3, 10],
    needs: 'Python 3.10 or later as `python3`, with venv (on Debian and Ubuntu the package python3-venv)',
  }],
  java: [
    { command: ['mvn', '--version'], version: /Apache Maven (\d+)\.(\d+)/, lowest: [3, 8], needs: 'Maven 3.8 or later as `mvn`' },
    { command: ['javac', '-version'], version: /javac (\d+)\.?(\d*)/, lowest: [17, 0], needs: 'a JDK of Java 17 or later' },
  ],
  go: [{ command: ['go', 'version'], version: /go(\d+)\.(\d+)/, lowest: [1, 25], needs: 'Go 1.25 or later' }],
};

/** Describes the missing tool of a language. Returns undefined if all tools are installed. */
export function missing(language: Language): string | undefined {
  for (const { command: [name, ...args], version, lowest, needs } of TOOLS[language]) {
    const { stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8' });
    const found = `${stdout}${stderr}`.match(version);
    if (error || !found) {
      return `${language} needs ${needs}; \`${name}\` ${error ? 'is not on the PATH' : `printed: ${`${stdout}${stderr}`.trim() || 'nothing'}`}. Install it and try again.`;
    }
    const [major, minor] = [Number(found[1]), Number(found[2] || 0)];
    if (major < lowest[0] || (major === lowest[0] && minor < lowest[1])) {
      return `${language} needs ${needs}; found ${found[0]}. Install a later one and try again.`;
    }
  }
  return undefined;
}

/** Variables set by npm, tsx or a virtual environment for their child processes. They would make the tools use this project's packages. */
const INHERITED = /^(npm_(?!config_(registry|userconfig|globalconfig)$)|TSX_|NODE_OPTIONS$|NODE_PATH$|VIRTUAL_ENV$|PYTHON(PATH|HOME)$|PIP_REQUIRE_VIRTUALENV$)/;

/** The environment for all tools. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  mkdirSync(CACHES, { recursive: true });
  const env = Object.fromEntries(Object.entries(withoutAws()).filter(([name]) => !INHERITED.test(name)));
  return {
    // Package registries may be reachable only through a proxy. No other network access is needed.
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(HTTPS?|ALL|NO)_PROXY$/i.test(name))),
    ...env,
    PIP_CACHE_DIR: join(CACHES, 'pip'),
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    GOPATH: join(CACHES, 'go'),
    GOMODCACHE: join(CACHES, 'go', 'mod'),
    GOCACHE: join(CACHES, 'go', 'build'),
    // `-p=2` limits the memory to that of a CI machine. `-modcacherw` makes the cache removable with `rm -r`.
    // With `-trimpath`, other checkouts can use the cache, too.
    GOFLAGS: [env.GOFLAGS, '-modcacherw', '-p=2', '-trimpath'].filter(Boolean).join(' '),
    npm_config_cache: join(CACHES, 'npm'),
    // Each jsii kernel unpacks aws-cdk-lib unless this cache has it.
    JSII_RUNTIME_PACKAGE_CACHE_ROOT: join(CACHES, 'jsii'),
    JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1',
  };
}
