/**
 * Synthesizes apps one after the other, each as it is, on the newest CDK, with cdk-nag in both of its generations looking on. `apps.ts` runs it in processes
 * of its own with the tsconfig of `tools/newest`. What cdk-nag 2 found, and what both found no use for, goes into a file for each app; what cdk-nag 3 and
 * the CDK itself found is in the validation report of the cloud assembly.
 *
 *   tsx --tsconfig tools/newest/tsconfig.json test/static-analysis/synthesize.ts ORDERS
 */
import { writeFileSync } from 'fs';
import { App, Aspects, CfnResource, IAspect, Stage, StageSynthesisOptions } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Found, Order, Synthesized } from './apps';
import { runApp } from '../run-apps';

/** What is used of packages that the project itself does not have, or has in an older version. */
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
/** Returns the findings in the app of the current order, once that is synthesized. */
const watched: (() => Synthesized)[] = [];
let root: App | undefined;
// The apps synthesize at the end of their process: late enough to see all that they made.
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
    // Also the way in which a synthesis with findings ends: they are in the report. Without a report, apps.ts shows what is printed.
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
    found.push({ rule: idOf(ruleId, findingId), path: resource.node.path, text: errorMessage ? `the rule broke: ${errorMessage}` : ruleInfo });
  };
  const use = ({ ruleId, findingId, resource }: Seen) => { used.add(keyOf(resource.node.path, idOf(ruleId, findingId))); };
  const logger = { onNonCompliance: say, onError: say, onSuppressed: use, onSuppressedError: use, onCompliance: () => {}, onNotApplicable: () => {} };
  const two: NagTwo = module.require('cdk-nag-v2');
  for (const pack of PACKS) {
    const aspect = new two[pack]({ reports: false, additionalLoggers: [logger] });
    // Its own logger would put the findings into the report that is cdk-nag 3's.
    Object.assign(aspect, { loggers: [logger] });
    Aspects.of(app).add(aspect);
  }
}

function watchThree(app: App): void {
  const three: NagThree = module.require('cdk-nag');
  const { Validations: validations }: NewestCore = module.require('aws-cdk-lib');
  validations.of(app).addPlugins(...PACKS.map(pack => new three[pack](app)));
}

/** Keeps what cdk-nag 3 finds acknowledged. */
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

/** What the resources acknowledge without a finding of that rule. */
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
