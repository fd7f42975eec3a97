/** Requests that assume a role of the runner without being trusted. */
import { OUTSIDER, type Runner } from '../model';
import type { Draft } from '../requests';

export function hostileTrust(r: Runner): Draft[] {
  return [...tokens(r), ...callers(r), ...confused(r)];
}

function tokens(r: Runner): Draft[] {
  const provider = (issuer: string, account = r.account) => ({ federated: `arn:aws:iam::${account}:oidc-provider/${issuer}` });
  const genuine = { [`${r.issuer}:aud`]: 'sts.amazonaws.com', [`${r.issuer}:sub`]: `${r.orgId}+${r.runnerId}` };
  const claims = (sub: string | undefined, aud: string | undefined = 'sts.amazonaws.com') => ({ [`${r.issuer}:aud`]: aud, [`${r.issuer}:sub`]: sub });
  const to = { topic: 'trust', who: provider(r.issuer), action: 'sts:AssumeRoleWithWebIdentity', resource: r.taskManagerRole };
  const of = (issuer: string) => ({ [`${issuer}:aud`]: 'sts.amazonaws.com', [`${issuer}:sub`]: `${r.orgId}+${r.runnerId}` });
  return [
    ...([
      ['a runner of the same id in another organization', `another-org+${r.runnerId}`],
      ['an organization whose name starts like ours', `${r.orgId}-2+${r.runnerId}`],
      ['an organization whose name ends like ours', `x${r.orgId}+${r.runnerId}`],
      ['our organization in capitals', `${r.orgId.toUpperCase()}+${r.runnerId}`],
      ['another runner of our organization', `${r.orgId}+another-runner`],
      ['a runner whose id starts like ours', `${r.orgId}+${r.runnerId}-2`],
      ['a runner whose id is a prefix of ours', `${r.orgId}+${r.runnerId.slice(0, -1)}`],
      ['our organization without a runner', r.orgId],
      ['our organization with an empty runner id', `${r.orgId}+`],
      ['our runner without an organization', `+${r.runnerId}`],
      ['organization and runner swapped', `${r.runnerId}+${r.orgId}`],
      ['another separator', `${r.orgId}:${r.runnerId}`],
      ['a wildcard for the runner', `${r.orgId}+*`],
      ['a wildcard for everything', '*'],
      ['our runner with an additional part', `${r.orgId}+${r.runnerId}+admin`],
      ['a person of our organization', `${r.orgId}+user@example.com`],
    ] as [string, string][]).filter(([, sub]) => sub !== `${r.orgId}+${r.runnerId}`).map(([name, sub]) => ({ ...to, name: `a token whose subject is ${name}`, context: claims(sub) })),
    { ...to, name: 'a token without a subject', context: claims(undefined) },
    { ...to, name: 'a token without an audience', context: { [`${r.issuer}:sub`]: `${r.orgId}+${r.runnerId}` } },
    { ...to, name: 'a token for the orchestrator\'s own API', context: claims(`${r.orgId}+${r.runnerId}`, 'https://api.humanitec.dev') },
    { ...to, name: 'a token for another audience that ends like ours', context: claims(`${r.orgId}+${r.runnerId}`, 'evil-sts.amazonaws.com') },
    { ...to, name: 'a token for STS in China', context: claims(`${r.orgId}+${r.runnerId}`, 'sts.amazonaws.com.cn') },
    { ...to, name: 'a token whose audience is a wildcard', context: claims(`${r.orgId}+${r.runnerId}`, '*') },
    { ...to, name: 'a token of GitHub\'s issuer', who: provider('token.actions.githubusercontent.com'), context: of('token.actions.githubusercontent.com') },
    { ...to, name: 'a token of an issuer whose name ends like ours', who: provider(`evil-${r.issuer}`), context: of(`evil-${r.issuer}`) },
    { ...to, name: 'a token of an issuer below ours', who: provider(`${r.issuer}/tenant`), context: of(`${r.issuer}/tenant`) },
    { ...to, hypothetical: true, name: 'a token of another provider that carries the claims of ours', who: provider('idp.example.com'), context: genuine },
    { ...to, hypothetical: true, name: 'a token of the provider for our issuer in another account', who: provider(r.issuer, OUTSIDER), context: genuine },
    { ...to, name: 'a genuine token, for the execution role', resource: r.executionRole, context: genuine },
    { ...to, name: 'a genuine token, for the task role', resource: r.taskRole, context: genuine },
    ...r.registrationRole ? [{ ...to, name: 'a genuine token, for the role of the registration', resource: r.registrationRole, context: genuine }] : [],
    { ...to, name: 'a login of Amazon Cognito, for the task manager role', who: { federated: 'cognito-identity.amazonaws.com' }, context: { ...genuine, 'cognito-identity.amazonaws.com:aud': 'us-east-1:pool' } },
    { ...to, name: 'a SAML login, for the task manager role', action: 'sts:AssumeRoleWithSAML', who: { federated: `arn:aws:iam::${r.account}:saml-provider/corporate` }, context: genuine },
    { ...to, name: 'a genuine token that sets tags on the session', action: 'sts:TagSession', context: genuine },
  ];
}

/** Callers whose own policies allow everything. */
function callers(r: Runner): Draft[] {
  const roles: [string, string | undefined][] = [
    ['task manager role', r.taskManagerRole], ['execution role', r.executionRole], ['task role', r.taskRole], ['role of the registration', r.registrationRole],
  ];
  return roles.flatMap(([role, resource]): Draft[] => resource === undefined ? [] : [
    { topic: 'trust', name: `an administrator of another account assumes the ${role}`, who: { administrator: OUTSIDER }, action: 'sts:AssumeRole', resource },
    { topic: 'trust', name: `an administrator of our account assumes the ${role}`, who: { administrator: r.account }, action: 'sts:AssumeRole', resource },
    { topic: 'trust', name: `the orchestrator assumes the ${role} with its own role`, who: { role: r.taskManagerRole }, action: 'sts:AssumeRole', resource },
    { topic: 'trust', name: `a deployment assumes the ${role} with the task role`, who: { role: r.taskRole }, action: 'sts:AssumeRole', resource },
    { topic: 'trust', name: `EC2 assumes the ${role}`, who: { service: 'ec2.amazonaws.com' }, action: 'sts:AssumeRole', resource, context: { 'aws:SourceAccount': r.account } },
    {
      topic: 'trust',
      name: `the ECS service itself, instead of ECS tasks, assumes the ${role}`,
      who: { service: 'ecs.amazonaws.com' },
      action: 'sts:AssumeRole',
      resource,
      context: { 'aws:SourceAccount': r.account, 'aws:SourceArn': `arn:aws:ecs:${r.region}:${r.account}:service/${r.cluster}/web` },
    },
  ]).concat(r.registrationRole ? [
    { topic: 'trust', name: 'Lambda tags the session of the role of the registration', who: { service: 'lambda.amazonaws.com' }, action: 'sts:TagSession', resource: r.registrationRole },
  ] : [], [
    { topic: 'trust', name: 'ECS tasks assume the task manager role', who: { service: 'ecs-tasks.amazonaws.com' }, action: 'sts:AssumeRole', resource: r.taskManagerRole, context: { 'aws:SourceAccount': r.account, 'aws:SourceArn': `arn:aws:ecs:${r.region}:${r.account}:task/${r.cluster}/1` } },
    { topic: 'trust', name: 'Lambda assumes the task role', who: { service: 'lambda.amazonaws.com' }, action: 'sts:AssumeRole', resource: r.taskRole, context: { 'aws:SourceAccount': r.account } },
    { topic: 'trust', name: 'Lambda assumes the execution role', who: { service: 'lambda.amazonaws.com' }, action: 'sts:AssumeRole', resource: r.executionRole, context: { 'aws:SourceAccount': r.account } },
  ]);
}

/** Confused deputies: services that act for another account or resource. */
function confused(r: Runner): Draft[] {
  const elsewhere = r.region === 'eu-west-1' ? 'eu-central-1' : 'eu-west-1';
  return ([['execution role', r.executionRole], ['task role', r.taskRole]] as const).flatMap(([role, resource]) => {
    const ecs = { topic: 'confused deputies', who: { service: 'ecs-tasks.amazonaws.com' }, action: 'sts:AssumeRole', resource };
    const task = (account: string, region = r.region) => `arn:aws:ecs:${region}:${account}:task/${r.cluster}/0123456789abcdef`;
    return [
      { ...ecs, name: `a task of another account gets the ${role}`, context: { 'aws:SourceAccount': OUTSIDER, 'aws:SourceArn': task(OUTSIDER) } },
      { ...ecs, name: `a task of another region gets the ${role}`, context: { 'aws:SourceAccount': r.account, 'aws:SourceArn': task(r.account, elsewhere) } },
      { ...ecs, hypothetical: true, name: `a task without source account and ARN gets the ${role}`, context: {} },
      { ...ecs, hypothetical: true, name: `a task with only a source account gets the ${role}`, context: { 'aws:SourceAccount': r.account } },
      { ...ecs, hypothetical: true, name: `a task with only a source ARN gets the ${role}`, context: { 'aws:SourceArn': task(r.account) } },
      { ...ecs, hypothetical: true, name: `a task with our account and the ARN of another account gets the ${role}`, context: { 'aws:SourceAccount': r.account, 'aws:SourceArn': task(OUTSIDER) } },
      { ...ecs, hypothetical: true, name: `a task with our ARN and another account gets the ${role}`, context: { 'aws:SourceAccount': OUTSIDER, 'aws:SourceArn': task(r.account) } },
      { ...ecs, name: `a task sets the source identity of the ${role}`, action: 'sts:SetSourceIdentity', context: { 'aws:SourceAccount': r.account, 'aws:SourceArn': task(r.account) } },
      { ...ecs, name: `a resource of our account that does not belong to ECS gets the ${role}`, context: { 'aws:SourceAccount': r.account, 'aws:SourceArn': `arn:aws:lambda:${r.region}:${r.account}:function:x` } },
    ];
  });
}
