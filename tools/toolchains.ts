/** Python, Java and Go, as the packages need them: what this machine has, and where inside the checkout they keep what they download. */
import { spawnSync } from 'child_process';
import { mkdirSync } from 'fs';
import { join } from 'path';
import { withoutAws } from '../local/emulator/environment';

export const ROOT = join(__dirname, '..');
/** A fresh machine has no caches elsewhere, and a user's own stay clean of packages that are not published. */
const CACHES = join(ROOT, '.local', 'caches');
export const MAVEN_REPOSITORY = join(CACHES, 'maven');

export type Language = 'python' | 'java' | 'go';
export const LANGUAGES: Language[] = ['python', 'java', 'go'];

/** How each is asked for its version, and the lowest that will do. */
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

/** Says what a language lacks on this machine; undefined when it has all. */
export function missing(language: Language): string | undefined {
  for (const { command: [name, ...args], version, lowest, needs } of TOOLS[language]) {
    const { stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8' });
    const found = `${stdout}${stderr}`.match(version);
    if (error || !found) {
      return `${language} needs ${needs}; \`${name}\` ${error ? 'is not on the PATH' : `said: ${`${stdout}${stderr}`.trim() || 'nothing'}`}. Install it and try again.`;
    }
    const [major, minor] = [Number(found[1]), Number(found[2] || 0)];
    if (major < lowest[0] || (major === lowest[0] && minor < lowest[1])) {
      return `${language} needs ${needs}; found ${found[0]}. Install a later one and try again.`;
    }
  }
  return undefined;
}

/** What npm, tsx and an activated virtual environment leave for the processes that they start: it would lead those back to this project. */
const INHERITED = /^(npm_(?!config_(registry|userconfig|globalconfig)$)|TSX_|NODE_OPTIONS$|NODE_PATH$|VIRTUAL_ENV$|PYTHON(PATH|HOME)$|PIP_REQUIRE_VIRTUALENV$)/;

/** The environment that all of them are run with. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  mkdirSync(CACHES, { recursive: true });
  const env = Object.fromEntries(Object.entries(withoutAws()).filter(([name]) => !INHERITED.test(name)));
  return {
    // Proxies lead to the registries, and nothing here goes anywhere else.
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(HTTPS?|ALL|NO)_PROXY$/i.test(name))),
    ...env,
    PIP_CACHE_DIR: join(CACHES, 'pip'),
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    GOPATH: join(CACHES, 'go'),
    GOMODCACHE: join(CACHES, 'go', 'mod'),
    GOCACHE: join(CACHES, 'go', 'build'),
    // Two compilations at a time need about as much memory as one machine of CI has; writable, so that `rm -r` removes it. Without paths in what is
    // compiled, the cache serves another checkout, too.
    GOFLAGS: [env.GOFLAGS, '-modcacherw', '-p=2', '-trimpath'].filter(Boolean).join(' '),
    npm_config_cache: join(CACHES, 'npm'),
    // Each kernel of jsii unpacks aws-cdk-lib, unless it finds it here.
    JSII_RUNTIME_PACKAGE_CACHE_ROOT: join(CACHES, 'jsii'),
    JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1',
  };
}
