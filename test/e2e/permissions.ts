/**
 * Checks the deployed policies on the local cloud, whose IAM evaluates them: they give the expected results for the requests of `npm run prove`, a
 * deployment fails without any single permission, and the commands of SECURITY.md cut a runner off.
 *
 * Run with `npx tsx test/e2e/permissions.ts [--json FILE]`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteRolePolicyCommand, GetRolePolicyCommand, IAMClient, ListRolePoliciesCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { documentOf, checkDeployedPolicies } from './deployed-policies';
import { endToEnd } from './harness';
import type { Runner } from '../../local/orchestrator/model';
import type { Cloud } from '../../local/try/cloud';
import { runNextDeployment, runFirstDeployment } from '../../local/try/deployments';
import { Output } from '../../local/try/output';
import { Report } from '../../local/try/report';
import { prepareSecrets } from '../../local/try/secrets';
import { Trial, type Outputs } from '../../local/try/trial';

const SECURITY = join(__dirname, '..', '..', 'SECURITY.md');

const REFUSED = /not authorized|AccessDenied|Access Denied/i;

interface Statement { readonly Sid?: string; readonly Effect: string; readonly Action: string | string[] }
interface Policy { readonly Version: string; readonly Statement: Statement[] }
interface Mutation { readonly what: string; readonly policy: Policy }

/** All variants of a policy without one action of an Allow statement. (Deny statements grant nothing.) */
function mutationsOf(policy: Policy): Mutation[] {
  return policy.Statement.flatMap((statement, index) => statement.Effect === 'Deny' ? [] : [statement.Action].flat().map((action) => {
    const rest = [statement.Action].flat().filter((other) => other !== action);
    const statements = policy.Statement.map((other, at) => at === index ? { ...other, Action: rest } : other);
    return {
      what: `${action} (${statement.Sid ?? index})`,
      policy: { ...policy, Statement: statements.filter(({ Action }) => Action.length > 0) },
    };
  }));
}

/** Deploys an environment twice. Together, the two deployments make every call. */
async function deployTwice(trial: Trial, runner: Runner): Promise<string> {
  try {
    await runNextDeployment(trial, runner, await runFirstDeployment(trial, runner));
    return 'works';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function check(cloud: Cloud, report: Report): Promise<void> {
  const { account } = cloud;
  // The output and the checks of these deployments are not needed.
  const trial = Trial.withCloud(cloud, new Output(true), new Report());
  const outputs = await trial.deployApp(await prepareSecrets(trial));
  const runner = await trial.registered(outputs.RunnerId);
  report.add('deployments with every permission', 'works', await deployTwice(trial, runner));

  const verdict = await checkDeployedPolicies(cloud, runner);
  report.add('real calls tried on the deployed policies', 'some', verdict.real, verdict.real > 25);
  report.add('hostile requests tried on the deployed policies', 'at least 120', verdict.hostile, verdict.hostile >= 120);
  report.add('requests with another result than expected', [], verdict.wrong);

  const iam = new IAMClient(account.settings);
  for (const arn of [outputs.TaskManagerRoleArn, outputs.ExecutionRoleArn, outputs.TaskRoleArn]) {
    const RoleName = arn.split('/').pop() ?? '';
    const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    for (const PolicyName of PolicyNames ?? []) {
      const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      const original = JSON.stringify(documentOf(PolicyDocument));
      for (const { what, policy } of mutationsOf(documentOf(PolicyDocument) as Policy)) {
        await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(policy) }));
        const seen = await deployTwice(trial, runner);
        report.add(`${PolicyName} without ${what}`, 'refused', seen, REFUSED.test(seen));
      }
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: original }));
    }
  }
  await cutOff(iam, trial, runner, outputs, report);
  iam.destroy();
}

/** Runs the incident response commands of SECURITY.md with the policy given there. */
async function cutOff(iam: IAMClient, trial: Trial, runner: Runner, outputs: Outputs, report: Report): Promise<void> {
  const [, PolicyName, PolicyDocument] = /put-role-policy .*--policy-name (\S+) \\\n\s*--policy-document '([^']+)'/.exec(readFileSync(SECURITY, 'utf8')) ?? [];
  report.add('SECURITY.md says how to cut a runner off', 'it does', PolicyName ?? 'it does not', PolicyName !== undefined);
  for (const arn of [outputs.TaskManagerRoleArn, outputs.TaskRoleArn]) {
    const RoleName = arn.split('/').pop() ?? '';
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
    const seen = await deployTwice(trial, runner);
    report.add(`${RoleName}, cut off`, 'refused', seen, REFUSED.test(seen));
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
  }
  report.add('deployments when both are let in again', 'works', await deployTwice(trial, runner));
}

endToEnd(check);
