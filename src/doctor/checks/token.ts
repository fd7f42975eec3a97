import { Check, Context, Finding, ok, problem, unknown } from '../check';
import { ApiAnswer, apiMessage, callApi, NoAnswer, tokenSource } from '../orchestrator';

/** Each permission with a call that needs it. No runner can have the id `0`, so that the last call changes nothing. */
const CALLS = [
  ['runner_read', 'GET', '/runners?per_page=1'],
  ['runner_rule_read', 'GET', '/runner-rules?per_page=1'],
  ['runner_write', 'PATCH', '/runners/0'],
] as const;

export const TOKEN: Check = {
  id: 'token',
  title: 'The API token: whether the orchestrator accepts it, and its permissions',
  reads: ['secretsmanager:GetSecretValue', 'ssm:GetParameter', 'kms:Decrypt'],
  async run(context) {
    try {
      const [first, ...others] = CALLS;
      const refused = judge(context, first[0], await callApi(context, first[1], first[2]));
      if (refused) {
        return [refused];
      }
      const answers = await Promise.all(others.map(async ([permission, method, path]) =>
        judge(context, permission, await callApi(context, method, path, method === 'PATCH' ? {} : undefined))));
      const problems = answers.filter((finding): finding is Finding => finding !== undefined);
      return problems.length > 0 ? problems : [ok('The orchestrator accepts the API token, which may read runners and rules, and write runners.')];
    } catch (error) {
      if (error instanceof NoAnswer) {
        return [error.finding];
      }
      throw error;
    }
  },
};

function judge(context: Context, permission: string, answer: ApiAnswer): Finding | undefined {
  const { OrgId: orgId } = context.runner.properties;
  switch (answer.status) {
    case 401: return problem(`The orchestrator does not accept the API token in the ${tokenSource(context)}.${apiMessage(answer)}`,
      'Put a valid API token there. A deployment is not needed.');
    case 403: return problem(`The API token in the ${tokenSource(context)} lacks the permission ${permission} in the organization '${orgId}'.${apiMessage(answer)}`,
      'Give it the permissions runner_read, runner_write, runner_rule_read and runner_rule_write, and check the organization id.');
    case 404: return permission === 'runner_write' ? undefined : problem(`The orchestrator does not know the organization '${orgId}'.${apiMessage(answer)}`,
      'Correct orgId, and deploy again.');
    // The call that needs `runner_write` cannot succeed. Any other error means that the permission is sufficient.
    default: return answer.status < 400 || permission === 'runner_write' ? undefined
      : unknown(`The permission ${permission} of the API token could not be checked: HTTP ${answer.status}.${apiMessage(answer)}`, 'Correct the cause that the orchestrator names, then run the doctor again.');
  }
}
