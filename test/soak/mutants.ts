/** What happens when a precaution is taken out: each time some law has to break. */
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

export const MUTANTS: Mutant[] = [
  {
    name: 'the ownership check',
    file: 'runner.ts',
    find: 'return role !== undefined && (role === properties.Auth.RoleArn || role === this.old?.Auth.RoleArn);',
    replace: 'return role !== undefined;',
  },
  {
    name: 'the look-up after a 409 on create',
    file: 'runner.ts',
    find: 'await this.take(client, registered);',
    replace: 'throw error;',
  },
  { name: 'the clean-up after a failed create', file: 'runner.ts', find: '|| await cleanUp();', replace: '|| true;' },
  {
    name: 'the deadline',
    file: 'index.ts',
    find: 'Promise.race([carryOut(event, end - ANSWER_RESERVE), watchdog(event, end - ANSWER_RESERVE)])',
    replace: 'carryOut(event, end + 600_000)',
  },
  { name: 'the redaction', file: 'client.ts', find: 'redact(message, this.token)', replace: 'message' },
  { name: 'the refusal to move state', file: 'runner.ts', find: 'this.checkState(registered);', replace: '' },
  { name: 'the refusal to follow redirects', file: 'client.ts', find: 'redirect: \'manual\'', replace: 'redirect: \'follow\'' },
  { name: 'the look for what a given up create makes', file: 'runner.ts', find: 'return untilOver(until, () => this.remove(client, this.properties));', replace: 'return undefined;' },
  { name: 'what is left of a replacement that failed', file: 'runner.ts', find: 'await this.removeReplacement()', replace: 'undefined' },
  { name: 'the doubt in a token that was just good', file: 'leftovers.ts', find: '!here && (', replace: '(' },
  { name: 'the doubt in a runner that could not be looked at', file: 'runner.ts', find: 'unseen.uncertain ||= error.uncertain;', replace: '' },
  { name: 'the doubt in a rule that could not be looked at', file: 'runner-rule.ts', find: 'await this.findSurely(client).catch(() => undefined)', replace: 'await this.findSurely(client)' },
  { name: 'what an earlier delivery of a create made', file: 'runner.ts', find: '!before && this.cleanUp(client)', replace: 'this.cleanUp(client)' },
  {
    name: 'what was ours before it could not be changed',
    file: 'runner.ts',
    find: 'throw adopting ? error : explain(error, `Registering runner \'${registered.id}\'`, this.properties, this.identity);',
    replace: 'throw error;',
  },
  { name: 'what is left of a change of a rule that failed', file: 'runner-rule.ts', find: 'await this.removeLeftover([physicalId, rule.id])', replace: 'undefined' },
  {
    name: 'the doubt whether a request was carried out',
    file: 'runner.ts',
    find: 'return error instanceof ApiError && error.uncertain;',
    replace: 'return false;',
  },
  { name: 'the second answer where the first was not accepted', file: 'cloudformation.ts', find: 'if (Date.now() + 500 >= deadline) {', replace: 'if (true) {' },
  { name: 'the patience with a denied read of the token', file: 'aws.ts', find: 'Math.min(deadline, Date.now() + PROPAGATION_BUDGET) : 0', replace: '0 : 0' },
  { name: 'the doubt in a 404 of a proxy', file: 'client.ts', find: 'response.status === 404 && !isOwnError(parsed)', replace: 'false' },
  { name: 'a rule known again', file: 'runner-rule.ts', find: 'if (there && same(there, this.wanted) && isNew(there)) {', replace: 'if (false) {' },
  { name: 'the description that is taken away', file: 'runner.ts', find: '{ description: \'\', ...runnerBody(this.properties) }', replace: 'runnerBody(this.properties)' },
  { name: 'booleans that come as texts', file: 'body.ts', find: 'job.IsPublicIpEnabled === \'true\'', replace: 'Boolean(job.IsPublicIpEnabled)' },
];

/** A copy of the bundle, made of sources with the mutation. */
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
  if (found !== 1) throw new Error(`"${find}" is ${found} times in ${file}`);
  return output!.text;
}
