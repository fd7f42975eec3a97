import { Arn, ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import type { IConstruct } from 'constructs';
import { Problem } from './problems';
import type { WireToken } from './registration/wire';

/**
 * Where the API token of the orchestrator is kept.
 *
 * The registration reads it at each call: a rotated token needs no deployment, and the token itself is never in a
 * template.
 */
export class ApiToken {
  /**
   * A token in AWS Secrets Manager.
   *
   * @param secret the secret, in the account and region of the stack or with a full ARN
   * @param jsonField key of the token, when the secret is a JSON object. Without it the whole secret string is the token.
   * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/intro.html
   */
  public static fromSecretsManager(secret: secretsmanager.ISecret, jsonField?: string): ApiToken {
    return new ApiToken({ secret, jsonField });
  }

  /**
   * A token in an AWS Systems Manager parameter of type SecureString.
   *
   * @param parameter the parameter
   * @param encryptionKey the customer managed key that encrypts the parameter; leave it out for the AWS managed `alias/aws/ssm`
   * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
   */
  public static fromSsmParameter(parameter: ssm.IParameter, encryptionKey?: kms.IKey): ApiToken {
    return new ApiToken({ parameter, encryptionKey });
  }

  private constructor(private readonly source: TokenSource) {}

  /**
   * Who keeps the token.
   * @internal
   */
  public get _service(): 'secretsmanager' | 'ssm' {
    return this.source.secret ? 'secretsmanager' : 'ssm';
  }

  /** @internal */
  public _wire(): WireToken {
    const { secret, parameter, jsonField } = this.source;
    return secret
      ? { SecretId: secret.secretArn, ...(jsonField !== undefined ? { SecretField: jsonField } : {}) }
      : { ParameterName: parameter!.parameterName };
  }

  /**
   * The statements that let a function read the token, and nothing else.
   * @internal
   */
  public _statements(scope: IConstruct): iam.PolicyStatement[] {
    const stack = Stack.of(scope);
    const { secret, parameter } = this.source;
    const resourceArn = secret ? fullSecretArn(secret) : parameter!.parameterArn;
    const statements = [new iam.PolicyStatement({
      sid: secret ? 'ReadApiTokenSecret' : 'ReadApiTokenParameter',
      actions: [secret ? 'secretsmanager:GetSecretValue' : 'ssm:GetParameter'],
      resources: [resourceArn],
    })];
    const key = secret ? secret.encryptionKey : this.source.encryptionKey;
    if (key) {
      const service = secret ? 'secretsmanager' : 'ssm';
      const region = Arn.split(resourceArn, secret ? ArnFormat.COLON_RESOURCE_NAME : ArnFormat.SLASH_RESOURCE_NAME).region || stack.region;
      statements.push(new iam.PolicyStatement({
        sid: 'DecryptApiToken',
        actions: ['kms:Decrypt'],
        resources: [key.keyArn],
        conditions: {
          StringEquals: { 'kms:ViaService': `${service}.${region}.${stack.urlSuffix}` },
          StringLike: { [secret ? 'kms:EncryptionContext:SecretARN' : 'kms:EncryptionContext:PARAMETER_ARN']: resourceArn },
        },
      }));
    }
    return statements;
  }

  /**
   * What of the token's place ends up in policies.
   * @internal
   */
  public _valuesInPolicies(): string[] {
    const { secret, parameter, encryptionKey } = this.source;
    return [secret?.secretArn, parameter?.parameterArn, secret?.encryptionKey?.keyArn, encryptionKey?.keyArn].filter(value => value !== undefined);
  }

  /** @internal */
  public _problems(): Problem[] {
    if (this.source.jsonField === '') {
      return [{
        input: 'jsonField',
        expected: 'the key of the token in the secret\'s JSON object',
        got: 'an empty text',
        fix: 'Name the key, or leave it out when the whole secret is the token.',
      }];
    }
    return [];
  }
}

interface TokenSource {
  readonly secret?: secretsmanager.ISecret;
  readonly jsonField?: string;
  readonly parameter?: ssm.IParameter;
  readonly encryptionKey?: kms.IKey;
}

/** A secret that was imported by name has no suffix in its ARN; six characters are what Secrets Manager appends. */
function fullSecretArn(secret: secretsmanager.ISecret): string {
  return secret.secretFullArn ?? `${secret.secretArn}-??????`;
}
