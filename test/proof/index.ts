/**
 * Proves least privilege: policies allow all real calls and deny all hostile requests, and every action, resource and condition is needed.
 *
 * `--help` lists the options.
 */
import { writeFileSync } from 'node:fs';
import { combinations, combinationScenes, planned } from './combinations';
import { isAsExpected } from './evaluator';
import { exampleScenes, type Scene } from './examples';
import { EXPLAINED } from './explained';
import { hostileRequests } from './hostile';
import { CHOICES } from './inputs';
import { INVARIANTS, violationsOf, type Invariant } from './invariants';
import { accountOfOpenKeys, unboundedAccount, type Request } from './model';
import { mutationsOf, detectedBy } from './mutations';
import { neighbourScenes, trespasses, unbounded } from './neighbours';
import { realRequests } from './real';
import { comparisons, printComparisons } from './reference';
import { differences } from './reproduced';
import { sharingScenes } from './sharing';
import { choose, readOptions, runProgram } from '../../tools/options';
import { membersOf } from '../completeness/sources';

const HELP = `Proves least privilege on the policies of synthesized templates: real calls pass, hostile requests fail, and every condition is needed.

  npm run prove                     all examples and generated combinations of inputs
  npm run prove -- --list           also prints the requests, and those that the reference module wrongly allows or denies
  npm run prove -- --only "NAME"    only these templates, such as "example basic", with their requests and changes of their policies
  npm run prove -- --json FILE      also writes the checks to a file`;

const RUNNER_INPUTS = membersOf('EcsRunnerProps').map(({ name }) => name);

/** The faults, each with the names of the scenes that have it. */
type Wrong = Map<string, string[]>;

const note = (wrong: Wrong, what: string, where: string) => wrong.set(what, [...wrong.get(what) ?? [], where]);
const some = (names: string[]) => `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
const row = (label: string, value: string | number) => console.log(`  ${label.padEnd(46)} ${String(value).padStart(7)}`);

function requestsOf({ runners, tried }: Scene): Request[] {
  return runners.flatMap((runner) => tried === 'real calls' ? realRequests(runner) : [
    ...realRequests(runner), ...hostileRequests(runner), ...runners.filter((other) => other !== runner).flatMap((other) => trespasses(runner, other)),
  ]);
}

/** The indexes of a few combinations that together contain every choice of every input. Only these are mutated. */
function representatives(): number[] {
  const rows = combinations();
  const open = new Set(Object.entries(CHOICES).flatMap(([input, choices]) => choices.map((choice) => `${input}=${choice}`)));
  const values = (index: number) => Object.entries(rows[index]!).map(([input, choice]) => `${input}=${choice}`);
  const chosen: number[] = [];
  while (open.size > 0) {
    const gains = rows.map((_row, index) => values(index).filter((value) => open.has(value)).length);
    const best = gains.indexOf(Math.max(...gains));
    values(best).forEach((value) => open.delete(value));
    chosen.push(best);
  }
  return chosen;
}

/** The violations of each invariant, with their scenes. */
function violations(scenes: Scene[]): Map<Invariant, Wrong> {
  const found = new Map(Object.keys(INVARIANTS).map((invariant): [Invariant, Wrong] => [invariant as Invariant, new Map()]));
  for (const { name, synthesized } of scenes) {
    for (const { invariant, what } of synthesized.flatMap(violationsOf)) note(found.get(invariant)!, what, name);
  }
  return found;
}

/** Synthesizes some combinations, including one with a private CA, with another umask and output directory. Returns the differences. */
function irreproducible(chosen: number[]): string[] {
  const rows = combinations();
  const indexes = [...new Set([rows.findIndex(({ orchestrator }) => orchestrator.includes('private CA')), ...chosen.slice(0, 2)])];
  return differences((app) => indexes.map((index) => planned(app, `Combination${index + 1}`, rows[index]!)));
}

function mutate(scenes: Scene[]): { tried: number; kinds: Set<string>; unnoticed: Wrong } {
  const unnoticed: Wrong = new Map();
  const kinds = new Set<string>();
  let tried = 0;
  for (const { account: bounded, runners, name } of scenes) {
    const account = accountOfOpenKeys(unboundedAccount(bounded));
    for (const runner of runners) {
      // A request that already has the wrong result would detect every change.
      const requests = [...realRequests(runner), ...hostileRequests(runner)].filter((request) => isAsExpected(account, request));
      for (const mutation of mutationsOf(account, runner)) {
        tried++;
        kinds.add(mutation.what);
        if (!detectedBy(mutation, requests)) note(unnoticed, mutation.what, name);
      }
    }
  }
  return { tried, kinds, unnoticed };
}

function printList(requests: Request[]): void {
  const topics = new Map<string, Set<string>>();
  for (const { topic, expected, name } of requests) {
    const title = `${expected === 'allowed' ? 'must be allowed' : 'must be denied'}: ${topic}`;
    topics.set(title, (topics.get(title) ?? new Set()).add(name));
  }
  for (const [title, names] of [...topics].sort()) console.log(`\n${title}\n${[...names].map((name) => `  ${name}`).join('\n')}`);
}

async function prove(): Promise<boolean> {
  const options = readOptions({ list: 'flag', only: 'texts', json: 'text' }, HELP);
  const began = Date.now();
  const examples = await exampleScenes();
  const { scenes: combined, inputs } = combinationScenes();
  const shared = sharingScenes();
  const scenes = choose('template', [...examples, ...combined, ...neighbourScenes(), ...shared.scenes], options.only);
  const all = options.only === undefined;
  const requests = scenes.map(requestsOf);
  if (options.list) printList(requests.flat());

  const wrong: Wrong = new Map();
  const counts = { allowed: 0, denied: 0, wronglyAllowed: 0, wronglyDenied: 0 };
  const names = new Map<string, Request['expected']>();
  scenes.forEach(({ account, name }, index) => {
    const open = unboundedAccount(account);
    for (const request of requests[index]!) {
      names.set(request.name, request.expected);
      if (isAsExpected(request.expected === 'allowed' ? account : open, request)) {
        counts[request.expected]++;
      } else {
        counts[request.expected === 'allowed' ? 'wronglyDenied' : 'wronglyAllowed']++;
        note(wrong, request.name, name);
      }
    }
  });
  const boundaries = scenes.filter(({ bounded }) => bounded).flatMap(({ account, runners, name }) =>
    runners.map((runner) => ({ name, ...unbounded(account, runner) })));
  const chosen = representatives();
  const mutated = scenes.filter(({ name }) => !all || /^example (basic|production)$/.test(name) || chosen.some((index) => name === `combination ${index + 1}`));
  const broken = violations(scenes);
  const missing = RUNNER_INPUTS.filter((input) => all && !inputs.has(input));
  const different = all ? irreproducible(chosen) : [];
  const { tried, kinds, unnoticed } = mutate(mutated);
  const explained = (what: string) => EXPLAINED.find(({ matches }) => matches.test(what));
  const stale = EXPLAINED.filter(({ matches }) => all && ![...unnoticed.keys()].some((what) => matches.test(what)));
  const unexplained = [...unnoticed].filter(([what]) => !explained(what));
  const count = (expected: string) => [...names.values()].filter((value) => value === expected).length;

  console.log('\nLeast privilege, evaluated on the policies of synthesized templates');
  row('examples (stacks)', examples.length);
  row('generated combinations of inputs', combined.length);
  row('runners that share or are granted something', scenes.length - examples.length - combined.length);
  row('  rejected at synthesis', shared.refused.size);
  row('templates with invariants', scenes.flatMap(({ synthesized }) => synthesized).length);
  row('  invariants broken', [...broken.values()].filter((wrongs) => wrongs.size > 0).length);
  row('inputs of EcsRunner', RUNNER_INPUTS.length);
  row('  in no combination', missing.length);
  row('differences for another umask and directory', different.length);
  console.log('');
  row('different real calls', count('allowed'));
  row('  allowed, as expected', counts.allowed);
  row('  wrongly denied', counts.wronglyDenied);
  row('different hostile requests', count('denied'));
  row('  artificial, to check a single condition', new Set(requests.flat().filter(({ hypothetical }) => hypothetical).map(({ name }) => name)).size);
  row('  denied, as expected', counts.denied);
  row('  wrongly allowed', counts.wronglyAllowed);
  row('real calls under a boundary that allows nothing', boundaries.reduce((sum, one) => sum + one.tried, 0));
  row('  allowed despite the boundary', boundaries.reduce((sum, one) => sum + one.passed.length, 0));
  console.log('');
  row(`changes of policies in ${mutated.length} combinations`, tried);
  row('  noticed', tried - [...unnoticed.values()].flat().length);
  row('  not detected, with a reason', [...unnoticed].filter(([what]) => explained(what)).flatMap(([, where]) => where).length);
  row('  not detected', unexplained.flatMap(([, where]) => where).length);

  printComparisons(comparisons(), options.list === true);
  console.log('\nNot detected, because');
  for (const { matches, reason } of EXPLAINED) {
    console.log(`  ${reason}:\n${[...unnoticed].filter(([what]) => matches.test(what)).map(([what, where]) => `    ${what} (${where.length})`).join('\n')}`);
  }
  for (const [name, where] of wrong) {
    console.log(`\nWRONGLY ${names.get(name) === 'allowed' ? 'DENIED' : 'ALLOWED'}: ${name}\n  in ${some(where)}. Correct the statement that decides this in src/, or the request in test/proof/.`);
  }
  for (const { name, passed } of boundaries) {
    if (passed.length > 0) console.log(`\nNOT BOUNDED: ${some(passed)}\n  in ${name}. Give the role the permissionsBoundary of the runner.`);
  }
  for (const [what, where] of unexplained) {
    console.log(`\nNOT DETECTED: ${what}\n  in ${some(where)}. No real call needs this part of the policy, or it denies no hostile request: remove it from src/, or add a request to test/proof/.`);
  }
  for (const [what, message] of shared.refused) console.log(`\nREJECTED: ${what}\n  ${message}`);
  for (const [invariant, wrongs] of broken) {
    for (const [what, where] of wrongs) console.log(`\nBROKEN INVARIANT (${INVARIANTS[invariant]}): ${what}\n  in ${some(where)}`);
  }
  for (const input of missing) console.log(`\nIN NO COMBINATION: ${input}\n  Add it to propsOf() in test/proof/inputs.ts.`);
  for (const what of different) console.log(`\nNOT REPRODUCIBLE: ${what}\n  for umask 022 and 077, and two output directories`);
  for (const { matches, reason } of stale) console.log(`\nNO LONGER TRUE: ${reason}\n  No undetected change matches ${matches}: remove it from test/proof/explained.ts.`);
  console.log(`\n${Math.round((Date.now() - began) / 1000)} s`);

  const checks = [
    ...[...names].map(([name, expected]) => ({ name: `${name}: ${expected}`, ok: !wrong.has(name) })),
    ...boundaries.map(({ name, passed }) => ({ name: `boundary in ${name}`, ok: passed.length === 0 })),
    ...[...kinds].map((what) => ({ name: `noticed: ${what}`, ok: !unexplained.some(([other]) => other === what) })),
    ...EXPLAINED.map(({ reason, matches }) => ({ name: `explanation is needed: ${reason}`, ok: !stale.some((other) => other.matches === matches) })),
    ...[...broken].map(([invariant, wrongs]) => ({ name: `invariant: ${INVARIANTS[invariant]}`, ok: wrongs.size === 0 })),
    ...RUNNER_INPUTS.map((input) => ({ name: `a combination contains ${input}`, ok: !missing.includes(input) })),
    { name: 'no valid sharing or grant is rejected', ok: shared.refused.size === 0 },
    { name: 'templates and assets do not depend on umask and directory', ok: different.length === 0 },
    { name: 'at least 120 different hostile requests', ok: !all || count('denied') >= 120 },
  ];
  if (options.json) writeFileSync(options.json, JSON.stringify({ checks }));
  return checks.every(({ ok }) => ok);
}

runProgram(prove);
