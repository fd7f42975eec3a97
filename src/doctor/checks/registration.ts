import { differencesOf } from '../../registration/differences';
import { runnerBody } from '../../registration/runner-body';
import { RUNNER_RULE_TYPE } from '../../registration/wire';
import { Check, Context, Finding, ok, problem, unknown } from '../check';
import { apiMessage, callApi, NoAnswer } from '../orchestrator';
import { isResolved } from '../template';

const DEPLOY = 'To restore the registration, change an input such as `description` and deploy again: CloudFormation does not see changes that others made.';

export const REGISTRATION: Check = {
  id: 'registration',
  title: 'The registration at the orchestrator: whether it exists and equals the template, with its rules',
  reads: ['secretsmanager:GetSecretValue', 'ssm:GetParameter', 'kms:Decrypt'],
  async run(context) {
    const { RunnerId: runnerId } = context.runner.properties;
    try {
      const answer = await callApi(context, 'GET', `/runners/${encodeURIComponent(runnerId)}`);
      if (answer.status === 404) {
        return [problem(`The runner '${runnerId}' is not registered at the orchestrator.`,
          'To register it again, change an input such as `description` and deploy again.')];
      }
      if (answer.status !== 200) {
        return [unknown(`The runner '${runnerId}' cannot be read: HTTP ${answer.status}.${apiMessage(answer)}`, 'See the check `token`.')];
      }
      const findings = [...registrationFindings(context, answer.body), ...await ruleFindings(context)];
      return findings.length > 0 ? findings : [ok(`The runner '${runnerId}' is registered as in the template.`)];
    } catch (error) {
      if (error instanceof NoAnswer) {
        return [error.isToken ? unknown('The registration cannot be read without the API token.', 'See the check `token`.') : error.finding];
      }
      throw error;
    }
  },
};

function registrationFindings({ runner: { properties, resource } }: Context, registered: any): Finding[] {
  const created = /@([^;]+)/.exec(resource.physicalId)?.[1];
  if (created !== undefined && Math.abs(Date.parse(created) - Date.parse(registered.created_at)) > 1) {
    return [problem(`The runner '${properties.RunnerId}' was created again by somebody else at ${registered.created_at}; the stack created it at ${created}.`,
      `If this runner must belong to the stack, set \`runnerId\` to '${properties.RunnerId}' and \`adoptExisting\`, and deploy again. Otherwise give the stack another \`runnerId\`.`)];
  }
  const differences = differencesOf(runnerBody(properties, registered), registered);
  return differences.length === 0 ? [] : [problem(`The registration of '${properties.RunnerId}' differs from the template: ${differences.join('; ')}.`, DEPLOY)];
}

async function ruleFindings(context: Context): Promise<Finding[]> {
  const { stack, runner: { properties } } = context;
  const rules = stack.resources.filter(({ type, properties: rule }) => type === RUNNER_RULE_TYPE && isResolved(rule) && rule.RunnerId === properties.RunnerId);
  const findings = await Promise.all(rules.map(async ({ physicalId, properties: rule }): Promise<Finding | undefined> => {
    const id = physicalId.split(';')[0];
    const filter = `project ${rule.ProjectId ?? 'any'}, environment type ${rule.EnvTypeId ?? 'any'}`;
    const answer = await callApi(context, 'GET', `/runner-rules/${encodeURIComponent(id)}`);
    if (answer.status === 404) {
      return problem(`The runner rule ${id} (${filter}) does not exist at the orchestrator: its environments do not get this runner.`,
        'Remove the rule from the app, deploy, add it again, and deploy again.');
    }
    if (answer.status !== 200) {
      return unknown(`The runner rule ${id} cannot be read: HTTP ${answer.status}.`, 'See the check `token`.');
    }
    return answer.body.runner_id === properties.RunnerId ? undefined
      : problem(`The runner rule ${id} (${filter}) points at the runner '${answer.body.runner_id}'.`, 'Remove the rule from the app, deploy, add it again, and deploy again.');
  }));
  return findings.filter((finding): finding is Finding => finding !== undefined);
}
