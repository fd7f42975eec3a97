/** The newest CDK that users may have, beside the lowest one, which the project itself has: installed into `.local/newest` at first use. */
import { readFileSync } from 'fs';
import { join } from 'path';
import { installed, PackageTree, treeDirectory } from './packages';

const NEWEST: PackageTree = {
  source: join(__dirname, 'newest'),
  installMessage: 'Installing the newest CDK into .local/newest (once; about 200 MB)',
};

/**
 * Makes sure that it is there, and returns the path of the tsconfig with which `tsx` and `tsc` take it: the library, the examples and what else
 * is in the checkout stay where they are, and their `aws-cdk-lib` and `constructs` are those of the other tree. Nothing else of a
 * process may have loaded the project's own before.
 */
export function newestTsconfig(): string {
  installed(NEWEST, join('node_modules', 'aws-cdk-lib', 'package.json'));
  return join(NEWEST.source, 'tsconfig.json');
}

/** The same for Jest: entries for its `moduleNameMapper`. */
export function newestModules(): Record<string, string> {
  newestTsconfig();
  const modules = join(treeDirectory(NEWEST), 'node_modules');
  return Object.fromEntries(['aws-cdk-lib', 'constructs'].map(name => [`^${name}(/.*)?$`, `${join(modules, name)}$1`]));
}

/** The version that the lock names, for a check that it is what was loaded. */
export function newestVersion(): string {
  return JSON.parse(readFileSync(join(NEWEST.source, 'package.json'), 'utf8')).dependencies['aws-cdk-lib'];
}

/** The documentation of cdk-nag's rules. */
export function nagRules(): string {
  return readFileSync(installed(NEWEST, join('node_modules', 'cdk-nag', 'RULES.md')), 'utf8');
}

/** The feature flags that `cdk init` turns on in a new app. */
export function newestFlags(): Record<string, unknown> {
  return JSON.parse(readFileSync(installed(NEWEST, join('node_modules', 'aws-cdk-lib', 'recommended-feature-flags.json')), 'utf8'));
}
