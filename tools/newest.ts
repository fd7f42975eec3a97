/** The newest CDK version, installed into `.local/newest` at first use. (The project itself is developed with the lowest supported version.) */
import { readFileSync } from 'fs';
import { join } from 'path';
import { installed, PackageTree, treeDirectory } from './packages';

const NEWEST: PackageTree = {
  source: join(__dirname, 'newest'),
  installMessage: 'Installing the newest CDK into .local/newest (once; about 200 MB)',
};

/**
 * Returns the path of a tsconfig for `tsx` and `tsc`, after installing the newest CDK.
 *
 * It resolves `aws-cdk-lib` and `constructs` from `.local/newest`; everything else resolves from the checkout. The process must not load another
 * `aws-cdk-lib` first.
 */
export function newestTsconfig(): string {
  installed(NEWEST, join('node_modules', 'aws-cdk-lib', 'package.json'));
  return join(NEWEST.source, 'tsconfig.json');
}

/** The equivalent for Jest: entries for `moduleNameMapper`. */
export function newestModules(): Record<string, string> {
  newestTsconfig();
  const modules = join(treeDirectory(NEWEST), 'node_modules');
  return Object.fromEntries(['aws-cdk-lib', 'constructs'].map(name => [`^${name}(/.*)?$`, `${join(modules, name)}$1`]));
}

/** The version that must be loaded. */
export function newestVersion(): string {
  return JSON.parse(readFileSync(join(NEWEST.source, 'package.json'), 'utf8')).dependencies['aws-cdk-lib'];
}

/** The list of cdk-nag's rules. */
export function nagRules(): string {
  return readFileSync(installed(NEWEST, join('node_modules', 'cdk-nag', 'RULES.md')), 'utf8');
}

/** The feature flags that `cdk init` turns on in a new app. */
export function newestFlags(): Record<string, unknown> {
  return JSON.parse(readFileSync(installed(NEWEST, join('node_modules', 'aws-cdk-lib', 'recommended-feature-flags.json')), 'utf8'));
}
