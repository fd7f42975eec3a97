/**
 * Synthesizes apps one after the other on the newest CDK, checked by cdk-nag 2 and 3.
 *
 * Writes one file for each app, with the findings of cdk-nag 2 and the unneeded acknowledgements of both. The validation report of the cloud assembly
 * has the findings of cdk-nag 3 and of the CDK itself. `apps.ts` runs this program in separate processes with the tsconfig of `tools/newest`.
 *
 *   tsx --tsconfig tools/newest/tsconfig.json test/static-analysis/synthesize.ts ORDERS
 */
import { writeFileSync } from 'fs';
import { App, Aspects, CfnResource, IAspect, Stage, StageSynthesisOptions } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Found, Order, Synthesized } from './apps';
import { runApp } from '../run-apps';

/** Types for packages that the project does not have, or has in an older version. */
interface NagTwo {
  readonly [pack: string]: new (props: { reports: boolean; additionalLoggers: object[] }) => IAspect;
}
interface NagThree {
  readonly [pack: string]: new (scope: IConstruct) => object;
}
interface NagThreeBase {
  readonly NagPack: { prototype: { isAcknowledged(resource: CfnResource, rule: string): boolean } };
}
interface NewestCore {
  readonly Validations: { ACKNOWLEDGED_RULES_METADATA_KEY: string; of(scope: IConstruct): { addPlugins(...plugins: object[]): void } };
}

const PACKS = ['AwsSolutionsChecks', 'HIPAASecurityChecks', 'NIST80053R5Checks', 'PCIDSS321Checks'];

const idOf = (rule: string, finding?: string) => finding ? `${rule}[${finding}]` : rule;
const keyOf = (path: string, rule: string) => `${path} ${rule}`;

const orders: Order[] = JSON.parse(process.argv[2]);
const synthesize = Stage.prototype.synth;
/** Each function returns the findings of the current app after its synthesis. */
const watched: (() => Synthesized)[] = [];
let root: App | undefined;
// Apps synthesize at the end of their process, after all constructs are defined.
Stage.prototype.synth = function (this: Stage, options?: StageSynthesisOptions) {
  if (App.isApp(this) && this !== root) {
    root = this;
    watched.push(watch(this));
  }
  return synthesize.call(this, options);
};
const acknowledgedByThree = watchAcknowledgements();

for (const { file, outdir, context, result } of orders) {
  acknowledgedByThree.clear();
  try {
    runApp(file, outdir, context);
  } catch (error) {
    // A synthesis with findings also ends with an error; the findings are in the report. Without a report, apps.ts prints the error.
    console.error(error);
    process.exitCode = 1;
  }
  const results = watched.pop();
  if (results) {
    writeFileSync(result, JSON.stringify(results()));
  }
}

function watch(app: App): () => Synthesized {
  const found: Found[] = [];
  const usedByTwo = new Set<string>();
  watchTwo(app, found, usedByTwo);
  watchThree(app);
  return () => ({ two: found, unused: { two: declared(app, ofTwo, usedByTwo), three: declared(app, ofThree, acknowledgedByThree) } });
}

function watchTwo(app: App, found: Found[], used: Set<string>): void {
  interface Seen { ruleId: string; findingId?: string; resource: CfnResource; ruleInfo: string; errorMessage?: string }
  const say = ({ ruleId, findingId, resource, ruleInfo, errorMessage }: Seen) => {
    found.push({ rule: idOf(ruleId, findingId), path: resource.node.path, text: errorMessage ? `the rule threw an error: ${errorMessage}` : ruleInfo });
  };
  const use = ({ ruleId, findingId, resource }: Seen) => { used.add(keyOf(resource.node.path, idOf(ruleId, findingId))); };
  const logger = { onNonCompliance: say, onError: say, onSuppressed: use, onSuppressedError: use, onCompliance: () => {}, onNotApplicable: () => {} };
  const two: NagTwo = module.require('cdk-nag-v2');
  for (const pack of PACKS) {
    const aspect = new two[pack]({ reports: false, additionalLoggers: [logger] });
    // The default logger would add the findings to the report of cdk-nag 3.
    Object.assign(aspect, { loggers: [logger] });
    Aspects.of(app).add(aspect);
  }
}

function watchThree(app: App): void {
  const three: NagThree = module.require('cdk-nag');
  const { Validations: validations }: NewestCore = module.require('aws-cdk-lib');
  validations.of(app).addPlugins(...PACKS.map(pack => new three[pack](app)));
}

/** Records the acknowledgements that cdk-nag 3 uses. */
function watchAcknowledgements(): Set<string> {
  const used = new Set<string>();
  const base = (module.require('cdk-nag') as NagThreeBase).NagPack.prototype;
  const isAcknowledged = base.isAcknowledged;
  base.isAcknowledged = function (resource, rule) {
    const acknowledged = isAcknowledged.call(this, resource, rule);
    if (acknowledged) {
      used.add(keyOf(resource.node.path, rule));
    }
    return acknowledged;
  };
  return used;
}

/** The acknowledgements of resources without a matching finding. */
function declared(app: App, ids: (resource: CfnResource) => string[], used: Set<string>): Found[] {
  return app.node.findAll().filter(CfnResource.isCfnResource).flatMap(resource => ids(resource)
    .filter(rule => !used.has(keyOf(resource.node.path, rule)))
    .map(rule => ({ rule, path: resource.node.path, text: 'acknowledged, but not found' })));
}

function ofTwo(resource: CfnResource): string[] {
  const rules: { id: string; applies_to?: string[] }[] = resource.getMetadata('cdk_nag')?.rules_to_suppress ?? [];
  return rules.flatMap(({ id, applies_to: findings }) => findings?.map(finding => idOf(id, finding)) ?? [id]);
}

function ofThree(resource: CfnResource): string[] {
  const { Validations: validations }: NewestCore = module.require('aws-cdk-lib');
  return resource.node.metadata.filter(({ type }) => type === validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.keys(data)).map(id => id.replace(/^annotation::/i, ''));
}
