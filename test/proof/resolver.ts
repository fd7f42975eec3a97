/** Resolves CloudFormation expressions in a template. */

export interface Template {
  readonly Resources: Record<string, Resource>;
  readonly Parameters?: Record<string, { Default?: string; Type: string }>;
  readonly Outputs?: Record<string, { Value: unknown; Export?: { Name: unknown } }>;
  readonly Mappings?: Record<string, Record<string, Record<string, unknown>>>;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, any>;
  readonly DependsOn?: string | string[];
}

export interface Place {
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  /** Values of parameters that have no default. */
  readonly parameters?: Record<string, string>;
  /** The exports of other stacks. */
  readonly exports?: ReadonlyMap<string, string>;
}

/** The suffix that CloudFormation or a service appends to generated names. */
export const SUFFIX = 'K7Q2M9X4T1ZB';
export const SECRET_SUFFIX = '-Zx9Yw8';
const ID_SUFFIX = 'k7q2m9x4';

export class Resolver {
  constructor(public readonly template: Template, public readonly place: Place) {}

  /** The value of an expression. Throws an error for unknown values, so they never get into a policy. */
  public resolve(value: any): any {
    if (Array.isArray(value)) return value.map((item) => this.resolve(item)).filter((item) => item !== undefined);
    if (typeof value !== 'object' || value === null) {
      if (typeof value === 'string' && value.includes('{{resolve:')) throw new Error(`Expected a value; found a dynamic reference: ${value}`);
      return value;
    }
    const keys = Object.keys(value);
    const [name] = keys;
    if (keys.length === 1 && name !== undefined && (name === 'Ref' || name.startsWith('Fn::'))) return this.call(name, value[name]);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.resolve(item)]).filter(([, item]) => item !== undefined));
  }

  public resourcesOf(type: string): [string, Record<string, any>][] {
    return Object.entries(this.template.Resources).filter(([, { Type }]) => Type === type).map(([id, { Properties = {} }]) => [id, Properties]);
  }

  private call(name: string, argument: any): any {
    switch (name) {
      case 'Ref': return this.ref(argument);
      case 'Fn::GetAtt': return this.attribute(...(typeof argument === 'string' ? argument.split('.', 2) : argument) as [string, string]);
      case 'Fn::Join': return this.resolve(argument[1]).join(argument[0]);
      case 'Fn::Split': return this.resolve(argument[1]).split(argument[0]);
      case 'Fn::Select': return this.resolve(argument[1])[Number(argument[0])];
      case 'Fn::FindInMap': {
        const [map, top, second] = this.resolve(argument);
        return this.resolve(this.template.Mappings?.[map]?.[top]?.[second]);
      }
      case 'Fn::ImportValue': {
        const exported = this.place.exports?.get(this.resolve(argument));
        if (exported === undefined) throw new Error(`No other stack exports ${this.resolve(argument)}`);
        return exported;
      }
      case 'Fn::Sub': return this.substitute(argument);
      default: throw new Error(`${name} is not supported: add it to test/proof/resolver.ts`);
    }
  }

  private substitute(argument: any): string {
    const [text, values] = Array.isArray(argument) ? argument : [argument, {}];
    return text.replace(/\$\{(!?)([^}]+)\}/g, (_all: string, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (name in values) return this.resolve(values[name]);
      return name.includes('.') ? this.attribute(...name.split('.', 2) as [string, string]) : this.ref(name);
    });
  }

  private ref(id: string): any {
    const { account, region, stackName, parameters } = this.place;
    const pseudo: Record<string, string> = {
      'AWS::AccountId': account,
      'AWS::Region': region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stackName,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/11111111-2222-4333-8444-555555555555`,
    };
    if (id === 'AWS::NoValue') return undefined;
    if (id in pseudo) return pseudo[id];
    const parameter = this.template.Parameters?.[id];
    if (parameter) {
      const given = parameters?.[id] ?? parameter.Default;
      if (given === undefined) throw new Error(`The parameter ${id} has no value`);
      return given;
    }
    return this.physicalId(id);
  }

  private resource(id: string): Resource {
    const resource = this.template.Resources[id];
    if (!resource) throw new Error(`The template has no resource ${id}`);
    return resource;
  }

  /** The result of Ref: the physical name that is set, or a generated one. */
  private physicalId(id: string): string {
    const { Type, Properties = {} } = this.resource(id);
    const { account, region, stackName } = this.place;
    const made = `${stackName}-${id}-${SUFFIX}`;
    switch (Type) {
      case 'AWS::IAM::Role': return this.resolve(Properties.RoleName) ?? made.slice(-64);
      case 'AWS::S3::Bucket': return this.resolve(Properties.BucketName) ?? made.toLowerCase().slice(-63).replace(/^-/, 'x');
      case 'AWS::ECS::Cluster': return this.resolve(Properties.ClusterName) ?? made;
      case 'AWS::ECR::Repository': return this.resolve(Properties.RepositoryName) ?? made.toLowerCase();
      case 'AWS::Logs::LogGroup': return this.resolve(Properties.LogGroupName) ?? made;
      case 'AWS::Lambda::Function': return this.resolve(Properties.FunctionName) ?? made;
      case 'AWS::SSM::Parameter': return this.resolve(Properties.Name) ?? made;
      case 'AWS::KMS::Key': return `00000000-0000-4000-8000-${[...id].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 1e12, 7).toString().padStart(12, '0')}`;
      case 'AWS::SecretsManager::Secret': return `arn:aws:secretsmanager:${region}:${account}:secret:${this.resolve(Properties.Name) ?? id}${SECRET_SUFFIX}`;
      case 'AWS::IAM::OIDCProvider': return `arn:aws:iam::${account}:oidc-provider/${this.resolve(Properties.Url).replace(/^https:\/\//, '')}`;
      case 'Custom::HumanitecOidcProvider': return this.resolve(Properties.ProviderArn);
      case 'AWS::IAM::ManagedPolicy': return `arn:aws:iam::${account}:policy/${this.resolve(Properties.ManagedPolicyName) ?? made}`;
      case 'Custom::HumanitecRunnerId': return this.resolve(Properties.RunnerId) ?? `${this.resolve(Properties.RunnerIdPrefix)}-${ID_SUFFIX}`;
      default: return `${Type}:${made}`.replaceAll(':', '.');
    }
  }

  private attribute(id: string, name: string): string {
    const { Type, Properties = {} } = this.resource(id);
    const { account, region } = this.place;
    const physical = this.physicalId(id);
    switch (`${Type} ${name}`) {
      case 'AWS::IAM::Role Arn': return `arn:aws:iam::${account}:role${this.resolve(Properties.Path) ?? '/'}${physical}`;
      case 'AWS::S3::Bucket Arn': return `arn:aws:s3:::${physical}`;
      case 'AWS::ECS::Cluster Arn': return `arn:aws:ecs:${region}:${account}:cluster/${physical}`;
      case 'AWS::ECR::Repository Arn': return `arn:aws:ecr:${region}:${account}:repository/${physical}`;
      case 'AWS::Logs::LogGroup Arn': return `arn:aws:logs:${region}:${account}:log-group:${physical}:*`;
      case 'AWS::Lambda::Function Arn': return `arn:aws:lambda:${region}:${account}:function:${physical}`;
      case 'AWS::KMS::Key Arn': return `arn:aws:kms:${region}:${account}:key/${physical}`;
      case 'AWS::IAM::OIDCProvider Arn':
      case 'Custom::HumanitecRunnerId RunnerId': return physical;
      case 'Custom::HumanitecRunner RunnerId': return this.resolve(Properties.RunnerId);
      default: return `${id}.${name}.${SUFFIX}`;
    }
  }
}
