/** The simulation of policies with iam:SimulatePrincipalPolicy. */
import { strict as assert } from 'node:assert';
import { CreatePolicyCommand, PutRolePermissionsBoundaryCommand, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { allow, deny, policy, type Rule } from './world';

export const policySimulation: Rule[] = [
  {
    name: 'the simulation of a role evaluates condition keys, each resource, and the permissions boundary',
    async check(world) {
      const role = await world.role(
        allow('s3:GetObject', 'arn:aws:s3:::one/*', { StringEquals: { 's3:ExistingObjectTag/team': 'a' } }),
        allow('s3:PutObject', '*'),
        deny('s3:DeleteObject', '*'),
      );
      const simulate = async (team: string, ...actions: string[]) => {
        const { EvaluationResults: results } = await world.iam.send(new SimulatePrincipalPolicyCommand({
          PolicySourceArn: role.arn,
          ActionNames: actions,
          ResourceArns: ['arn:aws:s3:::one/a', 'arn:aws:s3:::two/a'],
          ContextEntries: [{ ContextKeyName: 's3:ExistingObjectTag/team', ContextKeyType: 'string', ContextKeyValues: [team] }],
        }));
        return results!.map(({ EvalResourceName: resource, EvalDecision: decision, PermissionsBoundaryDecisionDetail: boundary }) =>
          [resource!.split(':::')[1], decision, boundary?.AllowedByPermissionsBoundary]);
      };
      assert.deepEqual(await simulate('a', 's3:GetObject'), [['one/a', 'allowed', undefined], ['two/a', 'implicitDeny', undefined]]);
      assert.deepEqual(await simulate('b', 's3:GetObject'), [['one/a', 'implicitDeny', undefined], ['two/a', 'implicitDeny', undefined]]);
      assert.deepEqual((await simulate('a', 's3:PutObject', 's3:DeleteObject')).map(([, decision]) => decision), ['allowed', 'allowed', 'explicitDeny', 'explicitDeny']);
      const { Policy: boundary } = await world.iam.send(new CreatePolicyCommand({ PolicyName: world.name('boundary'), PolicyDocument: policy(allow('s3:GetObject', '*')) }));
      await world.iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: role.name, PermissionsBoundary: boundary!.Arn }));
      assert.deepEqual(await simulate('a', 's3:GetObject'), [['one/a', 'allowed', true], ['two/a', 'implicitDeny', true]]);
      assert.deepEqual(await simulate('a', 's3:PutObject'), [['one/a', 'implicitDeny', false], ['two/a', 'implicitDeny', false]]);
    },
  },
];
