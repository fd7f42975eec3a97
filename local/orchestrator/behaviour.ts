/**
 * Behaviour in which the hosted service may differ from the open-sourced control plane. The hosted service has not been observed, so tests
 * run with both values of each option: the documented one and a plausible alternative.
 */
export interface Behaviour {
  /** The status for an unknown organization. 403, because no token has a permission in it and authorization comes first. */
  readonly unknownOrganization: 403 | 404;
  /** The status for a rule that names an unknown runner or environment type. */
  readonly unknownReference: 400 | 409;
  /** Whether rules of different runners can have the same filter. Rules of the same runner never can. */
  readonly filterPerRunner: boolean;
  /** Whether deleting a runner deletes its rules. Otherwise a runner with rules cannot be deleted. */
  readonly deleteRulesWithRunner: boolean;
  /** Whether responses omit empty lists, empty maps and `false`. */
  readonly omitEmptyFields: boolean;
  /** How long a rejected token stays rejected after its last use, in milliseconds. 0: only while it is invalid. */
  readonly rejectedTokenMs: number;
}

/** The behaviour of the open-sourced control plane. */
export const DOCUMENTED: Behaviour = {
  unknownOrganization: 403,
  unknownReference: 409,
  filterPerRunner: false,
  deleteRulesWithRunner: true,
  omitEmptyFields: true,
  rejectedTokenMs: 60_000,
};

/** The alternative value of each option. */
export const ALTERNATIVE: Behaviour = {
  unknownOrganization: 404,
  unknownReference: 400,
  filterPerRunner: true,
  deleteRulesWithRunner: false,
  omitEmptyFields: false,
  rejectedTokenMs: 0,
};
