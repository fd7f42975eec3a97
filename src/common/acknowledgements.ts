/**
 * Findings of cdk-nag, checkov and cfn-lint that we accept, with reasons. Each part of a runner writes its accepted findings into the metadata of its
 * resources, so that users of these tools need no suppressions. `test/static-analysis` fails if a finding is not accepted, or if no tool reports an accepted
 * finding.
 */
import * as cdk from 'aws-cdk-lib';
import { AspectPriority, Aspects, CfnResource, IAspect } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** An accepted finding, with the id that each tool uses for it. */
export interface Acknowledgement {
  /** Why the finding is accepted, or which input avoids it. */
  readonly reason: string;
  /** Ids of cdk-nag's rules. */
  readonly nag?: string[];
  /** With `nag`: which finding of the rule is accepted, if the rule reports several. */
  readonly finding?: string;
  /** Id of checkov's check. */
  readonly checkov?: string;
  /** Id of cfn-lint's rule. */
  readonly cfnLint?: string;
}

/** The ids of a rule in cdk-nag's packs for HIPAA and NIST. */
export function hipaaAndNist(rule: string): string[] {
  return [`HIPAA.Security-${rule}`, `NIST.800.53.R5-${rule}`];
}

/** The ids of a rule in cdk-nag's packs for HIPAA, NIST and PCI DSS. */
export function hipaaNistAndPci(rule: string): string[] {
  return [...hipaaAndNist(rule), `PCI.DSS.321-${rule}`];
}

/**
 * Adds the findings to the metadata of a resource, each once. Findings that change when further runners are created, such as those of the
 * registration's role and log group, are given as a function.
 */
export function acknowledge(construct: IConstruct, findings: Acknowledgement[] | (() => Acknowledgement[])): void {
  const resource = CfnResource.isCfnResource(construct) ? construct : construct.node.defaultChild as CfnResource;
  // cdk-nag runs later, with the default priority.
  Aspects.of(resource).add(new Findings(resource, findings), { priority: AspectPriority.MUTATING });
}

class Findings implements IAspect {
  private done = false;

  constructor(private readonly resource: CfnResource, private readonly findings: Acknowledgement[] | (() => Acknowledgement[])) {}

  public visit(node: IConstruct): void {
    if (!this.done && node === this.resource) {
      this.done = true;
      write(this.resource, typeof this.findings === 'function' ? this.findings() : this.findings);
    }
  }
}

function write(resource: CfnResource, findings: Acknowledgement[]): void {
  const nag = findings.flatMap(({ nag: ids = [], reason, finding }) => ids.map(id => ({ id, reason, ...finding ? { applies_to: [finding] } : {} })));
  acknowledgeValidations(resource, nag);
  if (isReadByNag2(resource)) {
    add(resource, 'cdk_nag', 'rules_to_suppress', nag);
  }
  add(resource, 'checkov', 'skip', findings.flatMap(({ checkov: id, reason: comment }) => id ? [{ id, comment }] : []));
  add(resource, 'cfn-lint', 'ignore_checks', findings.flatMap(({ cfnLint }) => cfnLint ?? []), 'config');
}

/** Whether a rule pack of cdk-nag 2 checks the resource. Without this check, suppressions would be a quarter of a runner's template. */
function isReadByNag2(resource: CfnResource): boolean {
  return resource.node.scopes.some(scope => Aspects.of(scope).all.some(aspect => 'packName' in aspect));
}

/** Adds entries to the list at `key` of the metadata, without duplicates. */
function add<T>(resource: CfnResource, key: string, list: string, entries: T[], within?: string): void {
  const whole = resource.getMetadata(key) ?? {};
  const part = within ? whole[within] ?? {} : whole;
  const known: unknown[] = part[list] ?? [];
  const fresh = entries.filter(entry => !known.some(other => JSON.stringify(other) === JSON.stringify(entry)));
  if (fresh.length > 0) {
    const changed = { ...part, [list]: [...known, ...fresh] };
    resource.addMetadata(key, within ? { ...whole, [within]: changed } : changed);
  }
}

interface NagRule {
  readonly id: string;
  readonly reason: string;
  readonly applies_to?: string[];
}

/**
 * Accepts findings of cdk-nag 3, which reads the acknowledgements of `Validations` (aws-cdk-lib 2.257 and later) instead of the template's metadata. Writes one
 * metadata entry per resource instead of one per finding, because synthesis of a default runner takes an eighth longer with one per finding.
 */
function acknowledgeValidations(resource: CfnResource, rules: NagRule[]): void {
  const key = (cdk as { Validations?: { ACKNOWLEDGED_RULES_METADATA_KEY?: string } }).Validations?.ACKNOWLEDGED_RULES_METADATA_KEY;
  const known = resource.node.metadata.filter(({ type }) => type === key).flatMap(({ data }) => Object.keys(data));
  const fresh = rules.map(({ id, reason, applies_to: [finding] = [] }) => [`Annotation::${finding ? `${id}[${finding}]` : id}`, reason])
    .filter(([id]) => !known.includes(id));
  if (key && fresh.length > 0) {
    resource.node.addMetadata(key, Object.fromEntries(fresh));
  }
}
