import { Fn, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import type { IConstruct } from 'constructs';
import { checkParameterArn, checkSecretName } from '../common/aws-names';
import { checkType, objectWith, sensitive, TEXT } from '../common/input-types';
import { checkKey, checkPartition, isElsewhere, Place, placeOf } from '../common/place';
import { Problem, Problems } from '../common/problems';
import { arnForPolicies, isPartial, SECRET_SUFFIX } from '../common/secret-source';
import { maskUnknown, quote } from '../common/unknown-values';
import type { WireToken } from '../common/wire-token';

/**
 * Location of the orchestrator's API token.
 *
 * The registration reads the API token for each event: a rotated token needs no deployment, and the template never contains the token.
 *
 * The runners of a stack share the role that reads their API tokens. Its policies can hold 15 API tokens in secrets that each have a customer managed key;
 * without such keys, the size of the stack is the limit. One secret can hold several API tokens in different fields.
 */
export class ApiToken {
  /**
   * An API token in AWS Secrets Manager.
   *
   * @param secret the secret. It can be in another region. A secret of another account needs a complete ARN, a customer managed key, and a
   * resource policy that allows the account of the stack to read it.
   * @param jsonField field of the API token, if the secret is a JSON object. Without it, the whole secret string is the API token.
   * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/intro.html
   */
  public static fromSecretsManager(secret: secretsmanager.ISecret, jsonField?: string): ApiToken {
    return new ApiToken({ secret, jsonField });
  }

  /**
   * An API token in an AWS Systems Manager parameter of type SecureString.
   *
   * @param parameter the parameter. It can be in another region. A parameter that another account shares must be imported by its ARN.
   * @param encryptionKey the customer managed key of the parameter; omit it for the AWS managed key `alias/aws/ssm`
   * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
   */
  public static fromSsmParameter(parameter: ssm.IParameter, encryptionKey?: kms.IKey): ApiToken {
    return new ApiToken({ parameter, encryptionKey });
  }

  private constructor(private readonly source: TokenSource) {}

  /**
   * The service that stores the API token.
   * @internal
   */
  public get _service(): 'secretsmanager' | 'ssm' {
    return this.source.secret ? 'secretsmanager' : 'ssm';
  }

  /**
   * Location of the API token for the handler. A secret without a complete ARN is read by its name, because Secrets Manager can mistake the end of a
   * name for the six characters that it appends.
   * @internal
   */
  public _wire(scope: IConstruct): WireToken {
    const { secret, parameter, jsonField } = this.source;
    if (secret) {
      const id = isPartial(scope, secret) ? { SecretId: nameOfSecret(secret), ...this.regionElsewhere(scope) } : { SecretId: secret.secretArn };
      return { ...id, ...(jsonField !== undefined ? { SecretField: jsonField } : {}) };
    }
    // A parameter that another account shares can be read only by its ARN.
    const isShared = isElsewhere(this.place(scope).account, Stack.of(scope).account);
    return isShared ? { ParameterName: parameter!.parameterArn } : { ParameterName: nameOfParameter(parameter!), ...this.regionElsewhere(scope) };
  }

  /**
   * The statements that allow a function to read the API token.
   * @internal
   */
  public _statements(scope: IConstruct): iam.PolicyStatement[] {
    const stack = Stack.of(scope);
    const { secret, parameter } = this.source;
    const resourceArn = secret ? arnForPolicies(secret) ?? secret.secretArn : parameter!.parameterArn;
    const statements = [new iam.PolicyStatement({
      sid: secret ? 'ReadApiTokenSecret' : 'ReadApiTokenParameter',
      actions: [secret ? 'secretsmanager:GetSecretValue' : 'ssm:GetParameter'],
      resources: [resourceArn],
    })];
    const { account, region } = this.place(scope);
    // Other accounts can read a secret or parameter only if it has a customer managed key. The key is unknown unless the import has it.
    const anyKey = isElsewhere(account, stack.account)
      ? stack.formatArn({ service: 'kms', region, account, resource: 'key', resourceName: '*' })
      : undefined;
    const keyArn = this.key?.keyArn ?? anyKey;
    if (keyArn) {
      statements.push(new iam.PolicyStatement({
        sid: 'DecryptApiToken',
        actions: ['kms:Decrypt'],
        resources: [keyArn],
        conditions: {
          StringEquals: { 'kms:ViaService': `${secret ? 'secretsmanager' : 'ssm'}.${region ?? stack.region}.${stack.urlSuffix}` },
          StringLike: { [secret ? 'kms:EncryptionContext:SecretARN' : 'kms:EncryptionContext:PARAMETER_ARN']: resourceArn },
        },
      }));
    }
    return statements;
  }

  /**
   * The texts of the location that are written into policies, by input.
   * @internal
   */
  public _valuesInPolicies(): string[] {
    const { secret, parameter, encryptionKey } = this.source;
    return [secret?.secretArn, parameter?.parameterArn, secret?.encryptionKey?.keyArn, encryptionKey?.keyArn].filter(value => value !== undefined);
  }

  /** @internal */
  public _typeProblems(): Problem[] {
    const problems = new Problems();
    const { secret, parameter, jsonField, encryptionKey } = this.source;
    if ('secret' in this.source) {
      checkType(problems, '', secret, sensitive(objectWith('an ISecret of aws-secretsmanager', 'secretArn', 'Give the secret that has the token.')));
    } else {
      checkType(problems, '', parameter, sensitive(objectWith('an IParameter of aws-ssm', 'parameterArn', 'Give the parameter that has the token.')));
    }
    if (jsonField !== undefined) {
      checkType(problems, 'jsonField', jsonField, TEXT);
    }
    if (encryptionKey !== undefined) {
      checkType(problems, 'encryptionKey', encryptionKey, sensitive(objectWith('a kms.IKey', 'keyArn')));
    }
    return problems.list;
  }

  /** @internal */
  public _problems(scope: IConstruct): Problem[] {
    const problems = new Problems();
    const { secret, jsonField } = this.source;
    if (jsonField === '') {
      problems.add({
        input: 'jsonField',
        expected: 'the field of the API token in the secret\'s JSON object',
        got: 'an empty string',
        fix: 'Give the name of the field, or omit `jsonField` if the whole secret is the API token.',
      });
    }
    if (!secret) {
      checkParameterArn(problems, '', this.source.parameter!.parameterArn);
    } else if (isPartial(scope, secret)) {
      checkSecretName(problems, '', nameOfSecret(secret));
    }
    checkPartition(scope, problems, '', 'a secret or parameter', secret?.secretArn ?? this.source.parameter!.parameterArn);
    const { account, region } = this.place(scope);
    if (secret && isPartial(scope, secret) && isElsewhere(account, Stack.of(scope).account)) {
      problems.add({
        input: '',
        expected: `a complete ARN for a secret of another account ("${account}")`,
        got: `the secret ${quote(nameOfSecret(secret))} by name or partial ARN`,
        fix: 'Import it with Secret.fromSecretCompleteArn(), or give each account its own orchestrator object with its own secret.',
      });
    }
    const [, nameWithSuffix] = secret ? maskUnknown(secret.secretArn).split(':secret:') : [];
    // For a secret that was imported by an ARN with CDK tokens: the CDK does not check such an ARN, and the policy would match no secret.
    if (secret && nameWithSuffix !== undefined && !nameWithSuffix.includes('\u0000') && !isPartial(scope, secret) && !SECRET_SUFFIX.test(nameWithSuffix)) {
      problems.add({
        input: '',
        expected: 'a complete ARN, which ends with "-" and the six characters that Secrets Manager appends to the name',
        got: `the partial ARN of the secret ${quote(nameWithSuffix)}`,
        fix: 'Import it with Secret.fromSecretNameV2() or Secret.fromSecretPartialArn(), or give its complete ARN.',
      });
    }
    checkKey(scope, problems, '', this.key, region);
    return problems.list;
  }

  /** The customer managed key of the secret or parameter, if it is known. */
  private get key(): kms.IKey | undefined {
    return this.source.secret ? this.source.secret.encryptionKey : this.source.encryptionKey;
  }

  private place(scope: IConstruct): Place {
    const { secret, parameter } = this.source;
    return secret ? placeOf(scope, secret, secret.secretArn) : placeOf(scope, parameter!, parameter!.parameterArn);
  }

  /** The region of the secret or parameter, if it is not the stack's. */
  private regionElsewhere(scope: IConstruct): Pick<WireToken, 'Region'> {
    const { region } = this.place(scope);
    return region !== undefined && region !== Stack.of(scope).region ? { Region: region } : {};
  }
}

interface TokenSource {
  readonly secret?: secretsmanager.ISecret;
  readonly jsonField?: string;
  readonly parameter?: ssm.IParameter;
  readonly encryptionKey?: kms.IKey;
}

/** The name of a secret whose ARN lacks the six characters that Secrets Manager appends. */
function nameOfSecret({ secretArn }: secretsmanager.ISecret): string {
  const [, name] = secretArn.split(':secret:');
  if (name !== undefined) {
    return name;
  }
  // The ARN of a secret that a stack in another region creates is a CDK token.
  return Token.isUnresolved(secretArn) ? Fn.select(6, Fn.split(':', secretArn)) : secretArn;
}

/** The name of a parameter. Not `parameterName`, which has only the last part of a path after `StringParameter.fromStringParameterArn()`. */
function nameOfParameter({ parameterArn, parameterName }: ssm.IParameter): string {
  const [, path] = parameterArn.split(':parameter/');
  return path?.includes('/') && !Token.isUnresolved(path) ? `/${path}` : parameterName;
}
