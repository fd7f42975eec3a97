/**
 * The physical IDs. A resource owns what its physical ID names, and nothing else.
 *
 * | physical ID | what a delete removes |
 * |---|---|
 * | `<organization>/<runner id>@<created_at>` | the runner of this id that was created at this time |
 * | `<organization>/<runner id>?created=<from>/<to>` | the runner of this id, if it was created in this period with the role of this resource: the API did not say whether a create succeeded |
 * | `<rule UUID>` | the rule |
 * | `rule?created=<from>/<to>` | the rule with the content of this resource, if it was created in this period: the API did not say whether a create succeeded |
 * | `nothing-created` | nothing: the create failed, and nothing was created |
 * | anything else: CloudFormation invents an ID for a create that was cancelled or not answered | as with a period: from the time at which the oldest such create was sent until now. A rule whose filter is a CDK token stays, and is named in a note: another resource may have created it |
 *
 * `;adopted` may follow the UUID of a rule that was taken over: while `adoptExisting` is set, its delete leaves the rule.
 *
 * `;was=<physical ID>` may follow. CloudFormation rolls a replacement back with an update that has the new physical ID and the old properties: the
 * old physical ID in it proves that the old object belongs to this resource. `!` before it: the old object stays because of `adoptExisting`, and only
 * `adoptExisting` takes it back.
 */

export const NOTHING_CREATED = 'nothing-created';
/** Mark before a predecessor that stays. */
export const STAYS_MARK = /^!/;
/** Maximum length that CloudFormation accepts. @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html */
const MAX_BYTES = 1024;
const FORM = /^(?<name>[^@?;]+)(?:@(?<createdAt>[^;]+)|\?created=(?<from>[^/;]+)\/(?<to>[^;]+))?(?<adopted>;adopted)?(?:;was=(?<was>.+))?$/;

/** A period, in milliseconds since 1970. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** The parts of a physical ID. */
export interface Named {
  readonly name: string;
  readonly createdAt?: string;
  readonly createdIn?: Period;
  /** Whether the rule was taken over, instead of created. */
  readonly isAdopted?: boolean;
  /** The physical ID before a replacement. */
  readonly was?: string;
}

export function parsePhysicalId(physicalId = ''): Named {
  const { name = '', createdAt, from, to, adopted, was } = FORM.exec(physicalId)?.groups ?? {};
  return { name, createdAt, createdIn: from === undefined ? undefined : { from: Date.parse(from), to: Date.parse(to) }, isAdopted: adopted !== undefined, was };
}

export function formatPhysicalId({ name, createdAt, createdIn, isAdopted, was }: Named): string {
  const object = createdAt !== undefined ? `${name}@${createdAt}` : createdIn ? `${name}?created=${time(createdIn.from)}/${time(createdIn.to)}` : name;
  const id = isAdopted ? `${object};adopted` : object;
  // Cuts off the oldest predecessors, because a rollback needs only the last one.
  return was === undefined ? id : `${id};was=${was}`.slice(0, MAX_BYTES);
}

/** Whether two timestamps of the API are the same time. The answer to a create can be more precise than the stored time. */
export function isSameTime(one: string, other: string): boolean {
  return one === other || Math.abs(Date.parse(one) - Date.parse(other)) <= 1;
}

export function isWithin({ from, to }: Period, createdAt = ''): boolean {
  const created = Date.parse(createdAt);
  return created >= from && created <= to;
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
