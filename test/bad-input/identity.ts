import { ID, Row } from './row';

/** Invalid ids, prefixes and descriptions of runners. */
export const ROWS: Row[] = [
  ['an id with capitals', () => ({ runnerId: 'Prod' }),
    [`runnerId: expected ${ID}, 2 to 100 characters; got "Prod". Choose an id such as "prod-runner", or omit \`runnerId\` to generate an id.`]],
  ['an id of one letter', () => ({ runnerId: 'a' }),
    [`runnerId: expected ${ID}, 2 to 100 characters; got "a". Choose an id such as "prod-runner", or omit \`runnerId\` to generate an id.`]],
  ['an id with two dashes', () => ({ runnerId: 'a--b' }),
    [`runnerId: expected ${ID}, 2 to 100 characters; got "a--b". Choose an id such as "prod-runner", or omit \`runnerId\` to generate an id.`]],
  ['an id of 101 characters', () => ({ runnerId: 'a'.repeat(101) }),
    [`runnerId: expected ${ID}, 2 to 100 characters; got 101 characters ("${'a'.repeat(75)}..."). `
      + 'Choose an id such as "prod-runner", or omit `runnerId` to generate an id.']],
  ['a prefix that ends with a dash', () => ({ runnerIdPrefix: 'prod-' }),
    [`runnerIdPrefix: expected ${ID}, at most 91 characters (9 more are appended); got "prod-". Choose a prefix such as "prod-runner".`]],
  ['a prefix that is too long with its suffix', () => ({ runnerIdPrefix: 'p'.repeat(92) }),
    [`runnerIdPrefix: expected ${ID}, at most 91 characters (9 more are appended); got 92 characters ("${'p'.repeat(75)}..."). `
      + 'Choose a prefix such as "prod-runner".']],
  ['an id and a prefix', () => ({ runnerId: 'prod', runnerIdPrefix: 'prod' }),
    ['runnerIdPrefix: expected either `runnerId` or `runnerIdPrefix`; got both. '
      + 'Omit `runnerIdPrefix` to use this id, or omit `runnerId` to generate an id.']],
  ['adoption of a generated id', () => ({ adoptExisting: true }),
    ['adoptExisting: expected `runnerId` together with it; got no `runnerId`. Set `runnerId` to the id of the runner to take over: a generated id is always new.']],
  ['a long description', () => ({ description: 'd'.repeat(201) }),
    [`description: expected at most 200 characters; got 201 characters ("${'d'.repeat(75)}..."). Shorten it.`]],
  ['several at once', () => ({ runnerId: 'A', subnetIds: [], rolePath: 'x' }), [
    `runnerId: expected ${ID}, 2 to 100 characters; got "A". Choose an id such as "prod-runner", or omit \`runnerId\` to generate an id.`,
    'subnetIds: expected 1 to 16 subnets; got none. Give at least one subnet that the tasks can run in.',
    'rolePath: expected a path that starts and ends with "/", such as "/platform/runners/", of letters, digits and _+=,.@- between slashes; got "x". '
      + 'Add the missing slash, or remove what the orchestrator does not accept in role ARNs.',
  ]],
];
