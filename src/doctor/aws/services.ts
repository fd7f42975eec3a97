import { encode } from './signature';

/** How a service is called. */
export interface Service {
  /** In the host name and in the scope of the signature. */
  readonly signingName: string;
  readonly host: (region: string) => string;
  /** The rest of the variable `AWS_ENDPOINT_URL_…`. */
  readonly variable: string;
  readonly protocol: 'json' | 'query' | 'ec2' | 's3';
  /** The version of a query protocol, or what precedes the operation in `X-Amz-Target`. */
  readonly version: string;
  /** The one region of a global service. */
  readonly onlyRegion?: string;
}

export type ServiceName = 'cloudformation' | 'ec2' | 'ecr' | 'ecs' | 'iam' | 'kms' | 'logs' | 's3' | 'secretsmanager' | 'servicequotas' | 'ssm' | 'sts';

const regional = (name: string, protocol: Service['protocol'], version: string, more: Partial<Service> = {}): Service => ({
  signingName: name, host: (region) => `${name}.${region}.amazonaws.com`, variable: name.toUpperCase(), protocol, version, ...more,
});

/**
 * The services that the checks use, in the `aws` partition: the orchestrator accepts roles of this partition only.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
 */
export const SERVICES: Record<ServiceName, Service> = {
  cloudformation: regional('cloudformation', 'query', '2010-05-15'),
  ec2: regional('ec2', 'ec2', '2016-11-15'),
  ecr: regional('ecr', 'json', 'AmazonEC2ContainerRegistry_V20150921', { host: (region) => `api.ecr.${region}.amazonaws.com` }),
  ecs: regional('ecs', 'json', 'AmazonEC2ContainerServiceV20141113'),
  iam: regional('iam', 'query', '2010-05-08', { host: () => 'iam.amazonaws.com', onlyRegion: 'us-east-1' }),
  kms: regional('kms', 'json', 'TrentService'),
  logs: regional('logs', 'json', 'Logs_20140328', { variable: 'CLOUDWATCH_LOGS' }),
  s3: regional('s3', 's3', ''),
  secretsmanager: regional('secretsmanager', 'json', 'secretsmanager', { variable: 'SECRETS_MANAGER' }),
  servicequotas: regional('servicequotas', 'json', 'ServiceQuotasV20190624', { variable: 'SERVICE_QUOTAS' }),
  ssm: regional('ssm', 'json', 'AmazonSSM'),
  sts: regional('sts', 'query', '2011-06-15'),
};

/** Method and query of the operations of S3 on a bucket. */
export const S3_OPERATIONS: Record<string, { readonly method: string; readonly query: string }> = {
  HeadBucket: { method: 'HEAD', query: '' },
  GetBucketLocation: { method: 'GET', query: '?location=' },
  GetBucketPolicy: { method: 'GET', query: '?policy=' },
  GetBucketEncryption: { method: 'GET', query: '?encryption=' },
  GetBucketVersioning: { method: 'GET', query: '?versioning=' },
  GetPublicAccessBlock: { method: 'GET', query: '?publicAccessBlock=' },
};

/** The body of a query protocol. Lists are `Name.member.1`, and `Name.1` at EC2. */
export function queryBody(operation: string, { protocol, version }: Service, params: object): string {
  const pairs: string[] = [`Action=${operation}`, `Version=${version}`];
  const add = (name: string, value: unknown) => {
    if (Array.isArray(value)) {
      value.forEach((each, index) => add(`${name}${protocol === 'query' ? '.member' : ''}.${index + 1}`, each));
    } else if (typeof value === 'object' && value !== null) {
      Object.entries(value).forEach(([key, each]) => add(`${name}.${key}`, each));
    } else if (value !== undefined) {
      pairs.push(`${name}=${encode(String(value))}`);
    }
  };
  Object.entries(params).forEach(([name, value]) => add(name, value));
  return pairs.join('&');
}
