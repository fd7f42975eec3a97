/** AWS SDK clients for an account of the emulator. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient } from '@aws-sdk/client-ecs';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import type { Emulator } from '../emulator';

/** The settings with which an AWS SDK client reaches only the emulator. */
export interface ClientSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
}

export class AwsClients {
  public readonly settings: ClientSettings;
  public readonly cloudFormation: CloudFormationClient;
  public readonly ecs: ECSClient;
  public readonly iam: IAMClient;
  public readonly logs: CloudWatchLogsClient;
  public readonly s3: S3Client;
  public readonly secrets: SecretsManagerClient;
  public readonly ssm: SSMClient;
  public readonly sts: STSClient;

  /** The emulator accepts any account id as the access key of that account's root user. */
  constructor(emulator: Emulator, account = emulator.account) {
    this.settings = { endpoint: emulator.url, region: emulator.region, credentials: { accessKeyId: account, secretAccessKey: 'local' } };
    this.cloudFormation = new CloudFormationClient(this.settings);
    this.ecs = new ECSClient(this.settings);
    this.iam = new IAMClient(this.settings);
    this.logs = new CloudWatchLogsClient(this.settings);
    this.s3 = new S3Client({ ...this.settings, forcePathStyle: true });
    this.secrets = new SecretsManagerClient(this.settings);
    this.ssm = new SSMClient(this.settings);
    this.sts = new STSClient(this.settings);
  }

  public close(): void {
    for (const client of [this.cloudFormation, this.ecs, this.iam, this.logs, this.s3, this.secrets, this.ssm, this.sts]) client.destroy();
  }
}
