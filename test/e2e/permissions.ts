/**
 * Every permission that the roles have is needed: a deployment fails as soon as one is taken away. On the local cloud,
 * whose IAM evaluates what AWS does. Run with `npx tsx test/e2e/permissions.ts [--json FILE]`.
 */
import { GetRolePolicyCommand, IAMClient, ListRolePoliciesCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { endToEnd } from './harness';
import type { Runner } from '../../local/orchestrator/model';
import type { Cloud } from '../../local/try/cloud';
import { deployAgain, deployOnce } from '../../local/try/deployments';
import { Output } from '../../local/try/output';
import { Report } from '../../local/try/report';
import { Trial } from '../../local/try/trial';

interface Statement { readonly Sid?: string; readonly Action: string | string[] }
interface Policy { readonly Version: string; readonly Statement: Statement[] }
interface Mutation { readonly what: string; readonly policy: Policy }

/** Each policy that lacks one action of one statement. */
function mutationsOf(policy: Policy): Mutation[] {
  return policy.Statement.flatMap((statement, index) => [statement.Action].flat().map((action) => {
    const rest = [statement.Action].flat().filter((other) => other !== action);
    const statements = policy.Statement.map((other, at) => at === index ? { ...other, Action: rest } : other);
    return {
      what: `${action} (${statement.Sid ?? index})`,
      policy: { ...policy, Statement: statements.filter(({ Action }) => Action.length > 0) },
    };
  }));
}

/** Two deployments of one environment, which together make every call. */
async function deployTwice(trial: Trial, runner: Runner): Promise<string> {
  try {
    await deployAgain(trial, runner, await deployOnce(trial, runner));
    return 'works';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function check(cloud: Cloud, report: Report): Promise<void> {
  const { account } = cloud;
  // What these many deployments say and check themselves is not of interest here.
  const trial = Trial.on(cloud, new Output(true), new Report());
  const outputs = await trial.deployExample();
  const runner = await trial.registered(outputs.RunnerId);
  report.add('deployments with every permission', 'works', await deployTwice(trial, runner));

  const iam = new IAMClient(account.settings);
  for (const arn of [outputs.TaskManagerRoleArn, outputs.TaskRoleArn]) {
    const RoleName = arn.split('/').pop() ?? '';
    const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    for (const PolicyName of PolicyNames ?? []) {
      const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      const original = PolicyDocument.startsWith('{') ? PolicyDocument : decodeURIComponent(PolicyDocument);
      for (const { what, policy } of mutationsOf(JSON.parse(original) as Policy)) {
        await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(policy) }));
        const seen = await deployTwice(trial, runner);
        report.add(`${PolicyName} without ${what}`, 'refused', seen, /not authorized|AccessDenied|Access Denied/i.test(seen));
      }
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: original }));
    }
  }
  iam.destroy();
}

endToEnd(check);
