/** Requests that read unrelated secrets, or the runner's secrets with the wrong role. */
import { OUTSIDER, regionOf, type Runner, type Secret } from '../model';
import { NETWORK_ACTIONS } from '../real';
import type { Draft } from '../requests';
import { elsewhere } from './deployment';

export function hostileSecrets(r: Runner): Draft[] {
  const roles: [string, string, string][] = [
    ['the orchestrator', r.taskManagerRole, 'ssm:GetParameters'], ['a deployment', r.taskRole, 'ssm:GetParameters'], ['the start of a task', r.executionRole, 'ssm:GetParameters'],
    ...r.registrationRole ? [['the Lambda', r.registrationRole, 'ssm:GetParameter'] as [string, string, string]] : [],
  ];
  const others: [string, string, string?][] = [
    ['somebody else\'s secret', `arn:aws:secretsmanager:${r.region}:${r.account}:secret:payroll-AbCdEf`],
    ['somebody else\'s parameter', `arn:aws:ssm:${r.region}:${r.account}:parameter/payroll/password`],
    ['an attacker\'s public secret', `arn:aws:secretsmanager:${r.region}:${OUTSIDER}:secret:bait-AbCdEf`, OUTSIDER],
  ];
  return [
    ...roles.flatMap(([name, role, ssm]) => others.map(([what, resource, owner]): Draft => ({
      topic: 'secrets', name: `${name} reads ${what}`, who: { role }, action: resource.includes(':ssm:') ? ssm : 'secretsmanager:GetSecretValue', resource, owner,
    }))),
    ...r.secrets.flatMap((secret, index) =>
      ofRunner(r, secret, `secret ${index + 1} of the tasks`, 'ECS', r.executionRole, roles.filter(([, role]) => role !== r.executionRole))),
    ...r.token && r.registrationRole
      ? ofRunner(r, r.token, 'the API token', 'the Lambda', r.registrationRole, roles.filter(([, role]) => role !== r.registrationRole)) : [],
    ...images(r),
    ...lambda(r),
    ...providers(r),
  ];
}

/** Requests for a secret that only one role can read: reads by other roles, other uses of its key, and reads of secrets with similar names. */
function ofRunner(r: Runner, secret: Secret, what: string, reader: string, role: string, others: [string, string, string][]): Draft[] {
  const isSecret = secret.kind === 'secret';
  const topic = 'secrets';
  const who = { role };
  const region = regionOf(secret);
  const away = elsewhere(region);
  const read = (action: string) => isSecret ? 'secretsmanager:GetSecretValue' : action;
  const own = reader === 'ECS' ? 'ssm:GetParameters' : 'ssm:GetParameter';
  const via = { 'kms:ViaService': `${isSecret ? 'secretsmanager' : 'ssm'}.${region}.amazonaws.com` };
  const named = isSecret ? 'kms:EncryptionContext:SecretARN' : 'kms:EncryptionContext:PARAMETER_ARN';
  // One secret can have two purposes: users can pass the API token as a deployment secret.
  const mayRead = (other: string) =>
    other === r.executionRole ? r.secrets.some(({ arn }) => arn === secret.arn) : other === r.registrationRole && r.token?.arn === secret.arn;
  const drafts: Draft[] = [
    ...others.filter(([, other]) => !mayRead(other)).map(([name, other, action]): Draft => ({ topic, name: `${name} reads ${what}`, who: { role: other }, action: read(action), resource: secret.arn })),
    { topic, name: `${reader} reads a secret whose name is similar to ${what}`, who, action: read(own), resource: isSecret ? secret.arn.replace(/-(\w{6})$/, '2-$1') : `${secret.arn}2` },
    { topic, name: `${reader} reads a secret whose path is below ${what}`, who, action: read(own), resource: isSecret ? secret.arn.replace(/-(\w{6})$/, '/x-$1') : `${secret.arn}/x` },
    { topic, name: `${reader} reads a secret whose name starts with that of ${what}`, who, action: read(own), resource: isSecret ? secret.arn.replace(/-(\w{6})$/, '-prod-$1') : `${secret.arn}-prod` },
    { topic, name: `${reader} reads a secret of another region with the name of ${what}`, who, action: read(own), resource: secret.arn.replace(`:${region}:`, `:${away}:`), region: away },
    { topic, name: `${reader} reads a secret of another account with the name of ${what}`, who, action: read(own), resource: secret.arn.replace(`:${r.account}:`, `:${OUTSIDER}:`), owner: OUTSIDER },
    ...(isSecret
      ? [['changes', 'secretsmanager:PutSecretValue'], ['deletes', 'secretsmanager:DeleteSecret'], ['describes', 'secretsmanager:DescribeSecret'], ['shares', 'secretsmanager:PutResourcePolicy'], ['lists the versions of', 'secretsmanager:ListSecretVersionIds']]
      : [['changes', 'ssm:PutParameter'], ['deletes', 'ssm:DeleteParameter'], ['reads the history of', 'ssm:GetParameterHistory'], ['reads all parameters below', 'ssm:GetParametersByPath']]
    ).map(([does, action]): Draft => ({ topic, name: `${reader} ${does} ${what}`, who, action: action!, resource: secret.arn })),
    ...secret.keyArn === undefined ? [] : [
      { topic: 'keys', name: `${reader} decrypts directly with the key of ${what}`, who, action: 'kms:Decrypt', resource: secret.keyArn, context: { [named]: secret.arn } },
      { topic: 'keys', name: `${reader} decrypts with the key of ${what} through S3`, who, action: 'kms:Decrypt', resource: secret.keyArn, context: { 'kms:ViaService': `s3.${region}.amazonaws.com`, [named]: secret.arn } },
      { topic: 'keys', name: `${reader} decrypts another secret with the key of ${what}`, who, action: 'kms:Decrypt', resource: secret.keyArn, context: { ...via, [named]: `arn:aws:secretsmanager:${region}:${r.account}:secret:payroll-AbCdEf` } },
      { topic: 'keys', name: `${reader} decrypts without an encryption context with the key of ${what}`, who, action: 'kms:Decrypt', resource: secret.keyArn, context: via },
      { topic: 'keys', name: `${reader} encrypts with the key of ${what}`, who, action: 'kms:Encrypt', resource: secret.keyArn, context: { ...via, [named]: secret.arn } },
      { topic: 'keys', name: `${reader} generates a data key with the key of ${what}`, who, action: 'kms:GenerateDataKey', resource: secret.keyArn, context: { ...via, [named]: secret.arn } },
      { topic: 'keys', name: `${reader} creates a grant for the key of ${what}`, who, action: 'kms:CreateGrant', resource: secret.keyArn, context: { ...via, [named]: secret.arn } },
      // Another key of the account could encrypt a secret of this name, but never a key of another account.
      { topic: 'keys', name: `${reader} decrypts ${what} with an attacker's key`, who, action: 'kms:Decrypt', resource: `arn:aws:kms:${region}:${OUTSIDER}:key/99999999-0000-4000-8000-000000000000`, owner: OUTSIDER, context: { ...via, [named]: secret.arn } },
      { topic: 'keys', name: `${reader} decrypts ${what} with a key of another region`, who, action: 'kms:Decrypt', resource: `arn:aws:kms:${away}:${r.account}:key/99999999-0000-4000-8000-000000000000`, context: { ...via, [named]: secret.arn } },
      ...others.filter(([, other]) => !mayRead(other)).map(([name, other]): Draft => ({
        topic: 'keys', name: `${name} decrypts ${what}`, who: { role: other }, action: 'kms:Decrypt', resource: secret.keyArn!, context: { ...via, [named]: secret.arn },
      })),
    ],
  ];
  // The region of the secret.
  return drafts.map((draft) => ({ region, ...draft }));
}

function images(r: Runner): Draft[] {
  const who = { role: r.executionRole };
  const another = `arn:aws:ecr:${r.region}:${r.account}:repository/payroll`;
  const repository = r.imageRepository ?? another;
  const open = another.replace(r.account, OUTSIDER);
  return [
    { topic: 'images', name: 'the start of a task pulls another image', who, action: 'ecr:BatchGetImage', resource: another },
    { topic: 'images', name: 'the start of a task pulls the layers of another image', who, action: 'ecr:GetDownloadUrlForLayer', resource: another },
    { topic: 'images', name: 'the start of a task checks for the layers of another image', who, action: 'ecr:BatchCheckLayerAvailability', resource: another },
    { topic: 'images', name: 'the start of a task pulls an attacker\'s image', who, action: 'ecr:BatchGetImage', resource: open, owner: OUTSIDER },
    { topic: 'images', name: 'the start of a task pulls from a repository whose name starts like ours', who, action: 'ecr:BatchGetImage', resource: `${repository}-2` },
    { topic: 'images', name: 'the start of a task overwrites the image', who, action: 'ecr:PutImage', resource: repository },
    { topic: 'images', name: 'the start of a task uploads layers', who, action: 'ecr:UploadLayerPart', resource: repository },
    { topic: 'images', name: 'the start of a task deletes the image', who, action: 'ecr:BatchDeleteImage', resource: repository },
    { topic: 'images', name: 'the start of a task shares the repository', who, action: 'ecr:SetRepositoryPolicy', resource: repository },
    { topic: 'images', name: 'the start of a task writes logs', who, action: 'logs:PutLogEvents', resource: `arn:aws:logs:${r.region}:${r.account}:log-group:${r.eventLogGroup}:log-stream:x` },
    { topic: 'images', name: 'the start of a task reads the state', who, action: 's3:GetObject', resource: `${r.bucket}/${r.prefix ? `${r.prefix}/` : ''}x.tfstate`, owner: r.bucketOwner },
    { topic: 'images', name: 'the start of a task runs another task', who, action: 'ecs:RunTask', resource: `arn:aws:ecs:${r.region}:${r.account}:task-definition/${r.familyPrefix}x:1` },
    { topic: 'images', name: 'the start of a task passes a role', who, action: 'iam:PassRole', resource: r.taskRole, context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  ];
}

/** The Lambda can create a missing OIDC provider, but not change or delete one, because the whole account shares it. */
function providers(r: Runner): Draft[] {
  if (!r.registrationRole) return [];
  const context = { 'lambda:SourceFunctionArn': r.registrationFunction };
  const provider = (issuer: string, account = r.account) => `arn:aws:iam::${account}:oidc-provider/${issuer}`;
  const attempt = (name: string, action: string, resource: string, owner = r.account): Draft =>
    ({ topic: 'OIDC providers', name: `the Lambda ${name}`, who: { role: r.registrationRole! }, action: `iam:${action}`, resource, owner, context });
  const own = provider(r.issuer);
  return [
    ...[['deletes', 'DeleteOpenIDConnectProvider'], ['adds an audience to', 'AddClientIDToOpenIDConnectProvider'], ['removes an audience of', 'RemoveClientIDFromOpenIDConnectProvider'],
      ['changes the thumbprints of', 'UpdateOpenIDConnectProviderThumbprint'], ['tags', 'TagOpenIDConnectProvider'], ['removes tags from', 'UntagOpenIDConnectProvider']]
      .map(([does, action]) => attempt(`${does} the OIDC provider`, action!, own)),
    ...['GetOpenIDConnectProvider', 'CreateOpenIDConnectProvider'].flatMap((action) => [
      attempt(`uses another issuer's provider (${action})`, action, provider('token.actions.githubusercontent.com')),
      attempt(`uses a provider whose issuer starts like ours (${action})`, action, provider(`${r.issuer}/tenant`)),
      attempt(`uses a provider whose issuer ends like ours (${action})`, action, provider(`evil-${r.issuer}`)),
      attempt(`uses a provider of another account (${action})`, action, provider(r.issuer, OUTSIDER), OUTSIDER),
      ...r.ensuredProvider ? [] : [attempt(`uses the provider that the user gave (${action})`, action, own)],
    ]),
    attempt('lists the OIDC providers', 'ListOpenIDConnectProviders', '*'),
    attempt('creates a SAML provider', 'CreateSAMLProvider', `arn:aws:iam::${r.account}:saml-provider/x`),
  ];
}

/** Requests of the Lambda beyond the registration of runners. */
function lambda(r: Runner): Draft[] {
  if (!r.registrationRole) return [];
  const who = { role: r.registrationRole };
  // Requests of the function's own code contain the ARN of the function.
  const context = { 'lambda:SourceFunctionArn': r.registrationFunction };
  const stream = (group: string, region = r.region, account = r.account) => `arn:aws:logs:${region}:${account}:log-group:${group}:log-stream:x`;
  const away = elsewhere(r.region);
  const own = r.registrationLogGroup ?? 'registration';
  return [
    ['writes into the log of the task events', 'logs:PutLogEvents', stream(r.eventLogGroup)], ['writes into the log of another function', 'logs:PutLogEvents', stream('/aws/lambda/payroll')],
    ['creates a stream in the log of another function', 'logs:CreateLogStream', stream('/aws/lambda/payroll')], ['writes into a log whose name ends like its own', 'logs:PutLogEvents', stream(`x${own}`)],
    ['reads its log', 'logs:GetLogEvents', stream(own)], ['deletes its log', 'logs:DeleteLogGroup', `arn:aws:logs:${r.region}:${r.account}:log-group:${own}`],
    ['creates a log group', 'logs:CreateLogGroup', `arn:aws:logs:${r.region}:${r.account}:log-group:new`], ['reads the state', 's3:GetObject', `${r.bucket}/${r.prefix ? `${r.prefix}/` : ''}x.tfstate`],
    ['runs a task', 'ecs:RunTask', `arn:aws:ecs:${r.region}:${r.account}:task-definition/${r.familyPrefix}x:1`], ['passes a role', 'iam:PassRole', r.taskRole],
    ['adds a policy to its own role', 'iam:PutRolePolicy', r.registrationRole], ['invokes itself', 'lambda:InvokeFunction', `arn:aws:lambda:${r.region}:${r.account}:function:registration`],
    ['changes its code', 'lambda:UpdateFunctionCode', `arn:aws:lambda:${r.region}:${r.account}:function:registration`], ['lists all secrets', 'secretsmanager:ListSecrets', '*'],
    ['reads many secrets at once', 'secretsmanager:BatchGetSecretValue', '*'],
    ...NETWORK_ACTIONS.map(action => [`uses the VPC permissions of the Lambda service in its own code (${action})`, `ec2:${action}`, '*']),
    ['starts an EC2 instance', 'ec2:RunInstances', `arn:aws:ec2:${r.region}:${r.account}:instance/*`], ['opens a security group', 'ec2:AuthorizeSecurityGroupIngress', `arn:aws:ec2:${r.region}:${r.account}:security-group/sg-1`],
  ].map(([name, action, resource]): Draft => ({ topic: 'registration', name: `the Lambda ${name}`, who, action: action!, resource: resource!, context })).concat([
    ...NETWORK_ACTIONS.flatMap((action): Draft[] => {
      const attaching = { topic: 'registration', who, action: `ec2:${action}`, resource: '*' };
      return [
        { ...attaching, name: `Lambda attaches the function to a VPC in another region (${action})`, region: away },
        { ...attaching, name: `Lambda attaches the function to a VPC in an unspecified region (${action})`, hypothetical: true, context: { 'aws:RequestedRegion': undefined } },
      ];
    }),
    ...[['changes a network interface', 'ModifyNetworkInterfaceAttribute', 'network-interface/eni-1'], ['opens a security group', 'AuthorizeSecurityGroupIngress', 'security-group/sg-1']].map(([name, action, resource]): Draft =>
      ({ topic: 'registration', who, name: `Lambda ${name} with the role of the function`, action: `ec2:${action}`, resource: `arn:aws:ec2:${r.region}:${r.account}:${resource}` })),
    { topic: 'registration', name: 'the Lambda writes into a log of the same name in another region', who, action: 'logs:PutLogEvents', resource: stream(own, away), region: away },
    { topic: 'registration', name: 'the Lambda writes into a log of the same name in an attacker\'s account', who, action: 'logs:PutLogEvents', resource: stream(own, r.region, OUTSIDER), owner: OUTSIDER },
  ]);
}
