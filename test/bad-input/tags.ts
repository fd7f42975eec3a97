import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import { Row } from './row';
import { StateStorage } from '../../src';

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`tag-${i}`, 'x']));
const ALLOWED = 'letters, digits, spaces and _.:/=+-@';

/** Tags that IAM, ECS, CloudWatch Logs or Lambda reject. */
export const ROWS: Row[] = [
  ['a tag with a character that AWS rejects in keys', () => ({ tags: { 'cost(center)': 'x' } }),
    [`tags.cost(center): expected a key of ${ALLOWED}; got "cost(center)". Remove the other characters.`]],
  ['a tag with a character that AWS rejects in values', () => ({ tags: { team: 'a;b' } }),
    [`tags.team: expected a value of ${ALLOWED}; got "a;b". Remove the other characters.`]],
  ['a tag with an empty key', () => ({ tags: { '': 'x' } }), ['tags.: expected a key of 1 to 128 characters; got 0 characters (""). Choose another key.']],
  ['a tag with a key of 129 characters', () => ({ tags: { ['k'.repeat(129)]: 'x' } }),
    [`tags.${'k'.repeat(129)}: expected a key of 1 to 128 characters; got 129 characters ("${'k'.repeat(75)}..."). Choose another key.`]],
  ['a tag with a value of 257 characters', () => ({ tags: { team: 'v'.repeat(257) } }),
    [`tags.team: expected a value of at most 256 characters; got 257 characters ("${'v'.repeat(75)}..."). Shorten it.`]],
  ['a key of AWS', () => ({ tags: { 'AWS:team': 'x' } }),
    ['tags.AWS:team: expected a key that does not start with "aws:", which AWS reserves; got "AWS:team". Choose another key.']],
  ['a value of AWS', () => ({ tags: { team: 'aws:x' } }),
    ['tags.team: expected a value that does not start with "aws:", which AWS reserves; got "aws:x". Choose another value.']],
  ['tags whose keys differ by case', () => ({ tags: { Team: 'a', team: 'b' } }),
    ['tags.team: expected keys that differ not only in case, which IAM ignores; got "Team" and "team". Remove one of the two.']],
  ['tags whose keys differ by case, the one in upper case last', () => ({ tags: { team: 'b', Team: 'a' } }),
    ['tags.Team: expected keys that differ not only in case, which IAM ignores; got "team" and "Team". Remove one of the two.']],
  ['a tag with a CDK token beside a character that AWS rejects', () => ({ tags: { team: `${Aws.REGION};b` } }),
    [`tags.team: expected a value of ${ALLOWED}; got "<token>;b". Remove the other characters.`]],
  ['51 tags', () => ({ tags: many(51) }), ['tags: expected at most 50 tags; got 51. Remove some tags.']],
  ['48 tags with a new VPC', () => ({ subnetIds: undefined, tags: many(48) }),
    ['tags: expected at most 47 tags (a resource has 50, and the CDK adds 3); got 48. Remove some tags.']],
  ['50 tags with a bucket that the CDK empties', () => ({
    stateStorage: StateStorage.newBucket({ autoDeleteObjects: true, removalPolicy: RemovalPolicy.DESTROY }), tags: many(50),
  }), ['tags: expected at most 49 tags (a resource has 50, and the CDK adds 1); got 50. Remove some tags.']],
];
