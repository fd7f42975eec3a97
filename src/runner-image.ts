import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecrAssets from 'aws-cdk-lib/aws-ecr-assets';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { IMAGE_MAX, IMAGE_PATTERN } from './contract';
import { Problem, Problems } from './problems';

/** The container image that deployments run in. */
export abstract class RunnerImage {
  /**
   * An image of a registry that needs no credentials.
   *
   * @param name the image with its tag or digest, such as `ghcr.io/my-org/runner:1.2`; at most 255 characters
   */
  public static fromRegistry(name: string): RunnerImage {
    return new RegistryImage(name);
  }

  /**
   * An image of an Amazon ECR repository. The execution role may pull it.
   *
   * @param repository the repository
   * @param tagOrDigest a tag, or a digest that starts with `sha256:`; `latest` when left out
   */
  public static fromEcrRepository(repository: ecr.IRepository, tagOrDigest?: string): RunnerImage {
    return new EcrImage(repository, tagOrDigest ?? 'latest');
  }

  /**
   * An image that `cdk deploy` builds and pushes to the bootstrap repository. The execution role may pull it.
   *
   * @param directory the directory with the `Dockerfile`
   */
  public static fromAsset(directory: string): RunnerImage {
    return new AssetImage(directory);
  }

  /**
   * Gives the image's URI, and the grantee what it needs to pull it.
   * @internal
   */
  public abstract _bind(scope: Construct, grantee: iam.IGrantable): string;

  /** @internal */
  public _problems(): Problem[] {
    return [];
  }

  /**
   * What of the image ends up in policies.
   * @internal
   */
  public get _valueInPolicies(): string | undefined {
    return undefined;
  }
}

class RegistryImage extends RunnerImage {
  constructor(private readonly name: string) {
    super();
  }

  public _bind(): string {
    return this.name;
  }

  public _problems(): Problem[] {
    const problems = new Problems();
    problems.checkText('', this.name, {
      pattern: IMAGE_PATTERN,
      max: IMAGE_MAX,
      expected: `an image with a tag or digest, such as "ghcr.io/my-org/runner:1.2", of at most ${IMAGE_MAX} characters`,
      fix: 'Give the image as `docker pull` takes it.',
    });
    return problems.list;
  }
}

class EcrImage extends RunnerImage {
  constructor(private readonly repository: ecr.IRepository, private readonly tagOrDigest: string) {
    super();
  }

  public _bind(_scope: Construct, grantee: iam.IGrantable): string {
    this.repository.grantPull(grantee);
    return this.repository.repositoryUriForTagOrDigest(this.tagOrDigest);
  }

  public get _valueInPolicies(): string {
    return this.repository.repositoryArn;
  }

  public _problems(): Problem[] {
    const problems = new Problems();
    problems.checkText('', this.tagOrDigest, {
      pattern: /^(sha256:[a-f0-9]{64}|[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})$/,
      expected: 'a tag of at most 128 characters, or a digest "sha256:..."',
      fix: 'Give the tag or digest as Amazon ECR shows it.',
    });
    return problems.list;
  }
}

class AssetImage extends RunnerImage {
  constructor(private readonly directory: string) {
    super();
  }

  public _bind(scope: Construct, grantee: iam.IGrantable): string {
    const asset = new ecrAssets.DockerImageAsset(scope, 'Image', { directory: this.directory });
    asset.repository.grantPull(grantee);
    return asset.imageUri;
  }
}
