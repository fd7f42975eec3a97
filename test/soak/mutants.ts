/** Removes precautions of the handler, one at a time. Each time, an invariant must be violated. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { handlerBundle } from '../../tools/handler-bundle';

export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/**
 * Precautions that a history notices. Tests of `test/registration` notice the others: the restored rule ("restores the rule if it fails"), the second
 * look and write ("writes last"), the write window ("starts no write after its time window"), the size of answers ("answers with at most 4,096 bytes"), control characters,
 * the role of a create without an answer ("for each ID that CloudFormation can send") and the pages of a list ("finds a rule on the second page").
 */
export const MUTANTS: Mutant[] = [
  { name: 'the ownership of a runner', file: 'runner.ts', find: 'return isSameTime(existing.created_at, named.createdAt);', replace: 'return true;' },
  { name: 'the ownership of a rule', file: 'runner-rule.ts', find: 'const own = rules.find(rule => this.owns(rule, named));', replace: 'const own = rules[0];' },
  { name: 'the refusal to follow redirects', file: 'client.ts', find: 'redirect: \'manual\'', replace: 'redirect: \'follow\'' },
  { name: 'the second read of a token that was rotated', file: 'client.ts', find: 'if (status === 401 && !hasReadAgain) {', replace: 'if (false) {' },
  { name: 'the redaction', file: 'client.ts', find: 'return redact(redact(words, this.token), JSON.stringify(this.token).slice(1, -1))', replace: 'return words' },
  { name: 'adoption only with `adoptExisting`', file: 'runner.ts', find: 'if (adopt !== \'true\') {', replace: 'if (false) {' },
  { name: 'adopted runners that stay when they are deleted', file: 'runner.ts', find: 'return adopt === \'true\' ?', replace: 'return false ?' },
  { name: 'the delete that does nothing after a create that created nothing', file: 'index.ts', find: 'physicalId === NOTHING_CREATED ? { physicalId } : lifecycle.delete(physicalId)', replace: 'lifecycle.delete(physicalId)' },
  { name: 'rules of others that keep a runner in use', file: 'runner.ts', find: 'if (rules.length > 0) {', replace: 'if (false) {' },
  { name: 'the search for what a lost answer created', file: 'unanswered.ts', find: 'if (found && !(found instanceof Error)) {', replace: 'if (false) {' },
  { name: 'the refusal to move state', file: 'runner.ts', find: 'if (current !== wanted && !isAllowed) {', replace: 'if (false) {' },
  { name: 'the clean-up after a replacement that failed', file: 'runner.ts', find: 'await this.removeFailedReplacement(createdAt) ?? outcome.note', replace: 'outcome.note' },
  { name: 'rules of others that are not taken over', file: 'runner-rule.ts', find: 'if (!own && adopt !== \'true\' && !(adopt === \'identical\' && hasSameContent(existing, this.wanted))) {', replace: 'if (false) {' },
  { name: 'rules that were taken over and stay', file: 'runner-rule.ts', find: 'return properties?.AdoptExisting !== undefined && (isAdopted || !UUID.test(name));', replace: 'return false;' },
  { name: 'the physical ID that an update keeps', file: 'runner-rule.ts', find: 'if (this.isNamed(rule, named)) {', replace: 'if (false) {' },
  { name: 'the predecessor in the physical ID of a runner', file: 'runner.ts', find: 'if (parsePhysicalId(former).name === this.name) {', replace: 'if (false) {' },
  { name: 'the predecessor in the physical ID of a rule', file: 'runner-rule.ts', find: 'rule.id === parsePhysicalId(named.was).name', replace: 'false' },
  { name: 'the period of a create that was not answered', file: 'physical-ids.ts', find: 'return created >= from && created <= to;', replace: 'return true;' },
  { name: 'the rules of others with a filter that only the deployment knows', file: 'runner-rule.ts', find: 'if (created && !createdIn && !isRuleLogicalId(this.request.logicalId)) {', replace: 'if (false) {' },
  { name: 'the refusal of runners of other types', file: 'runner.ts', find: 'if (type !== TYPE) {', replace: 'if (false) {' },
  { name: 'the failure of a delete while a runner is in use', file: 'runner.ts', find: 'if (onInUse === \'retain\') {', replace: 'if (true) {' },
  { name: 'the disbelief in a 404 of a proxy', file: 'client.ts', find: 'if (status === 404 && typeof parsed?.error !== \'string\') {', replace: 'if (false) {' },
];

/** Builds the bundle from sources with the mutation. */
export async function bundleOf({ file, find, replace }: Mutant): Promise<string> {
  let found = 0;
  const mutate: Plugin = {
    name: 'mutate',
    setup: (setup) => setup.onLoad({ filter: /registration\/handler\/[^/]*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (relative(join(handlerBundle.absWorkingDir, 'src/registration/handler'), path) !== file) return { contents: source, loader: 'ts' };
      found += source.split(find).length - 1;
      return { contents: source.replace(find, () => replace), loader: 'ts' };
    }),
  };
  const { outputFiles: [output] } = await build({ ...handlerBundle, plugins: [mutate], write: false, logLevel: 'silent' });
  if (found !== 1) throw new Error(`Expected "${find}" once in ${file}; found it ${found} times`);
  return output!.text;
}
