/**
 * What the hosted service may do otherwise. Nobody has observed it: the documented behaviour is that of the open-sourced control plane, and
 * each option has the other answer that is plausible. Tests run with both.
 */
export interface Behaviour {
  /** The status for an organization that does not exist. Authorization comes first, and nobody has a permission in it: 403. */
  readonly unknownOrganization: 403 | 404;
  /** The status for a rule that names an unknown runner or environment type. */
  readonly unknownReference: 400 | 409;
  /** Whether a rule may have the filter of another runner's rule. Two rules of one runner never have the same filter. */
  readonly filterPerRunner: boolean;
  /** Whether deleting a runner deletes the rules that point at it. Otherwise those rules keep the runner from being deleted. */
  readonly rulesGoWithRunner: boolean;
  /** Whether empty lists, empty maps and `false` are left out of answers. */
  readonly omitsEmptyFields: boolean;
  /** How long a token that was refused stays refused, in milliseconds, from its last use. 0: as long as it is not valid. */
  readonly refusedTokenMs: number;
}

/** The behaviour of the open-sourced control plane. */
export const DOCUMENTED: Behaviour = {
  unknownOrganization: 403,
  unknownReference: 409,
  filterPerRunner: false,
  rulesGoWithRunner: true,
  omitsEmptyFields: true,
  refusedTokenMs: 60_000,
};

/** Each option's other value. */
export const ALTERNATIVE: Behaviour = {
  unknownOrganization: 404,
  unknownReference: 400,
  filterPerRunner: true,
  rulesGoWithRunner: false,
  omitsEmptyFields: false,
  refusedTokenMs: 0,
};
