/**
 * Synthesizes one app as it is, on the newest CDK, with cdk-nag in both of its generations looking on: run by `apps.ts` in a process of its own, with the
 * tsconfig of `tools/newest`. What cdk-nag 2 found goes into a file; cdk-nag 3 and the CDK itself write the validation report of the cloud assembly.
 *
 *   tsx --tsconfig tools/newest/tsconfig.json test/judges/synthesize.ts APP FILE
 */
import { writeFileSync } from 'fs';
import { App, Aspects, Stage, StageSynthesisOptions, Validations } from 'aws-cdk-lib';
import * as nag3 from 'cdk-nag';
import * as nag2 from 'cdk-nag-v2';

const [, , app, file] = process.argv;

const synth = Stage.prototype.synth;
let attached = false;
// The apps synthesize at the end of their process. What reads the tree has to be there before, and what they made, too.
Stage.prototype.synth = function (this: Stage, options?: StageSynthesisOptions) {
  if (App.isApp(this) && !attached) {
    attached = true;
    attach(this);
  }
  return synth.call(this, options);
};

function attach(root: App): void {
  const found: object[] = [];
  const logger: nag2.INagLogger = {
    onNonCompliance: ({ ruleId, findingId, resource, ruleInfo }) => found.push({ rule: findingId ? `${ruleId}[${findingId}]` : ruleId, path: resource.node.path, text: ruleInfo }),
    onError: ({ ruleId, resource, errorMessage }) => found.push({ rule: ruleId, path: resource.node.path, text: `the rule failed: ${errorMessage}` }),
    onSuppressed: () => undefined,
    onSuppressedError: () => undefined,
    onCompliance: () => undefined,
    onNotApplicable: () => undefined,
  };
  for (const Pack of [nag2.AwsSolutionsChecks, nag2.HIPAASecurityChecks, nag2.NIST80053R5Checks, nag2.PCIDSS321Checks]) {
    Aspects.of(root).add(new Pack({ reports: false, additionalLoggers: [logger] }));
  }
  Validations.of(root).addPlugins(...[nag3.AwsSolutionsChecks, nag3.HIPAASecurityChecks, nag3.NIST80053R5Checks, nag3.PCIDSS321Checks].map(Pack => new Pack(root)));
  process.on('exit', () => writeFileSync(file, JSON.stringify(found)));
}

require(app);
