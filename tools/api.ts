/** Compiles the library with jsii and checks its public API: API.md, the docstrings, the README's examples, and compatibility with the last release. */
import { mkdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { compile, readAssembly, ROOT, run } from './assembly';
import { check, main } from './checks';
import { compatChecks } from './compat';
import { documented } from './documented';
import { readmeChecks } from './readme';

const fresh = join(ROOT, 'test-results', 'API.md');

main(() => {
  compile();
  mkdirSync(join(ROOT, 'test-results'), { recursive: true });
  run('jsii-docgen', '-o', fresh);
  const current = readFileSync(fresh, 'utf8') === readFileSync(join(ROOT, 'API.md'), 'utf8');
  return [
    check('API.md is current', current ? [] : ['API.md differs from the docstrings'], 'Run `npx projen docgen` and commit it.'),
    ...documented(readAssembly()),
    ...readmeChecks(),
    ...compatChecks(),
  ];
});
