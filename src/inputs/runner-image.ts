import { existsSync } from 'fs';
import { join } from 'path';
import { Annotations, Token } from 'aws-cdk-lib';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecrAssets from 'aws-cdk-lib/aws-ecr-assets';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { IMAGE_MAX, IMAGE_PATTERN } from '../common/contract';
import { checkType, checkTypes, InputTypes, listOf, mapOf, objectWith, TEXT } from '../common/input-types';
import { Problem, Problems } from '../common/problems';
import { unknownInputs, warnAboutUnknownInputs } from '../common/unknown-inputs';
import { quote } from '../common/unknown-values';

/** Options of `RunnerImage.fromAsset()`. */
export interface AssetImageOptions {
  /**
   * Platform of the image. The orchestrator's tasks run on `linux/amd64`: an image for another platform does not start. A warning is printed for other platforms.
   *
   * @default Platform.LINUX_AMD64
   */
  readonly platform?: ecrAssets.Platform;

  /**
   * Build arguments: values for `ARG` in the Dockerfile. CDK tokens are not accepted. The values are readable in the cloud assembly and in the history of the image.
   *
   * @default - none
   */
  readonly buildArgs?: Record<string, string>;

  /**
   * Build secrets by id, for `docker build --secret`. Create them with `DockerBuildSecret.fromSrc()`.
   *
   * @default - none
   * @see https://docs.docker.com/build/building/secrets/
   */
  readonly buildSecrets?: Record<string, string>;

  /**
   * Path of the Dockerfile, relative to the directory.
   *
   * @default 'Dockerfile'
   */
  readonly file?: string;

  /**
   * Stage of the Dockerfile to build.
   *
   * @default - the last stage
   */
  readonly target?: string;

  /**
   * Patterns of files that the build ignores, in addition to those of `.dockerignore`.
   *
   * @default - none
   */
  readonly exclude?: string[];
}

const ASSET_IMAGE: InputTypes<AssetImageOptions> = {
  platform: objectWith('a Platform of aws-ecr-assets', 'platform'),
  buildArgs: mapOf(TEXT),
  buildSecrets: mapOf(TEXT),
  file: TEXT,
  target: TEXT,
  exclude: listOf(TEXT),
};

/** The container image of the deployments. */
export abstract class RunnerImage {
  /**
   * An image in a registry that requires no credentials.
   *
   * @param name the image with tag or digest, such as `ghcr.io/my-org/runner:1.2`; at most 255 characters
   */
  public static fromRegistry(name: string): RunnerImage {
    return new RegistryImage(name);
  }

  /**
   * An image in an Amazon ECR repository. The execution role gets permission to pull it.
   *
   * @param repository the repository
   * @param tagOrDigest a tag, or a digest that starts with `sha256:`; the default is `latest`
   */
  public static fromEcrRepository(repository: ecr.IRepository, tagOrDigest?: string): RunnerImage {
    return new EcrImage(repository, tagOrDigest ?? 'latest');
  }

  /**
   * An image that `cdk deploy` builds and pushes to the bootstrap repository. The execution role gets permission to pull it.
   *
   * @param directory the directory with the Dockerfile: an absolute path, or relative to the working directory of the app
   * @param options build options; the default platform is `linux/amd64`
   * @throws an error at synthesis if the directory or the Dockerfile does not exist
   */
  public static fromAsset(directory: string, options: AssetImageOptions = {}): RunnerImage {
    return new AssetImage(directory, options);
  }

  /**
   * Returns the URI of the image, and grants the permissions to pull it.
   * @internal
   */
  public abstract _grantPull(scope: Construct, grantee: iam.IGrantable): string;

  /** @internal */
  public _typeProblems(): Problem[] {
    return [];
  }

  /** @internal */
  public _problems(): Problem[] {
    return [];
  }

  /**
   * The texts of the image that are written into policies.
   * @internal
   */
  public get _valueInPolicies(): string | undefined {
    return undefined;
  }
}

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html */
const PRIVATE_ECR = /^\d{12}\.dkr[.-]ecr\.[^/]+\//;

class RegistryImage extends RunnerImage {
  constructor(private readonly name: string) {
    super();
  }

  public _grantPull(scope: Construct): string {
    if (PRIVATE_ECR.test(this.name)) {
      Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:privateEcrImage',
        `The image ${quote(this.name)} is in a private Amazon ECR repository, and RunnerImage.fromRegistry() grants no permission to pull it, so the tasks do not start. `
        + 'Give the repository with RunnerImage.fromEcrRepository(). If the given `executionRole` can pull the image, acknowledge this warning.');
    }
    return this.name;
  }

  public _typeProblems(): Problem[] {
    const problems = new Problems();
    checkType(problems, '', this.name, TEXT);
    return problems.list;
  }

  public _problems(): Problem[] {
    const problems = new Problems();
    problems.checkText('', this.name, {
      pattern: IMAGE_PATTERN,
      max: IMAGE_MAX,
      expected: `an image with a tag or digest, such as "ghcr.io/my-org/runner:1.2", of at most ${IMAGE_MAX} characters`,
      fix: 'Give the image name in the format of `docker pull`.',
    });
    return problems.list;
  }
}

class EcrImage extends RunnerImage {
  constructor(private readonly repository: ecr.IRepository, private readonly tagOrDigest: string) {
    super();
  }

  public _grantPull(_scope: Construct, grantee: iam.IGrantable): string {
    this.repository.grantPull(grantee);
    return this.repository.repositoryUriForTagOrDigest(this.tagOrDigest);
  }

  public get _valueInPolicies(): string {
    return this.repository.repositoryArn;
  }

  public _typeProblems(): Problem[] {
    const problems = new Problems();
    checkType(problems, '', this.repository, objectWith('an ecr.IRepository', 'repositoryArn'));
    checkType(problems, '', this.tagOrDigest, TEXT);
    return problems.list;
  }

  public _problems(): Problem[] {
    const problems = new Problems();
    problems.checkText('', this.tagOrDigest, {
      pattern: /^(sha256:[a-f0-9]{64}|[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})$/,
      expected: 'a tag of at most 128 characters, or a digest "sha256:..."',
      fix: 'Give the tag or digest that Amazon ECR shows.',
    });
    return problems.list;
  }
}

class AssetImage extends RunnerImage {
  constructor(private readonly directory: string, private readonly options: AssetImageOptions) {
    super();
  }

  public _typeProblems(): Problem[] {
    const problems = new Problems();
    checkType(problems, '', this.directory, TEXT);
    checkTypes(problems, this.options, ASSET_IMAGE);
    return problems.list;
  }

  public _problems(): Problem[] {
    const problems = new Problems();
    const { file = 'Dockerfile', buildArgs } = this.options;
    if (!existsSync(join(this.directory, file))) {
      problems.add({
        input: '',
        expected: `a directory with the Dockerfile ${quote(file)}`,
        got: existsSync(this.directory) ? `${quote(this.directory)} without it` : `${quote(this.directory)}, which does not exist`,
        fix: 'Give the path of the directory, absolute or below the working directory of the app, and the name of the Dockerfile in `file`.',
      });
    }
    const unknown = Object.entries(buildArgs ?? {}).find(entry => entry.some(text => Token.isUnresolved(text)));
    if (unknown) {
      problems.add({
        input: 'buildArgs',
        expected: 'names and values that are known at synthesis',
        got: `${quote(unknown[0])} with ${quote(unknown[1])}`,
        fix: 'CDK tokens have a value only at deployment, but the image is built before it: give a literal string.',
      });
    }
    return problems.list;
  }

  public _grantPull(scope: Construct, grantee: iam.IGrantable): string {
    const { platform = ecrAssets.Platform.LINUX_AMD64, buildArgs, buildSecrets } = this.options;
    if (platform.platform !== ecrAssets.Platform.LINUX_AMD64.platform) {
      Annotations.of(scope).addWarningV2('cdk-humanitec-ecs-runner:imagePlatform',
        `The image is built for ${platform.platform}, but the orchestrator's tasks run on ${ecrAssets.Platform.LINUX_AMD64.platform}, where such an image does not start. `
        + 'Omit `platform`, unless your orchestrator registers its task definitions for another platform.');
    }
    warnAboutUnknownInputs(scope, unknownInputs(this.options, ASSET_IMAGE, 'image.'));
    const asset = new ecrAssets.DockerImageAsset(scope, 'Image', {
      ...this.options, directory: this.directory, platform, buildArgs: inOrder(buildArgs), buildSecrets: inOrder(buildSecrets),
    });
    asset.repository.grantPull(grantee);
    return asset.imageUri;
  }
}

/** Sorts a map by name. Go and Java pass maps in random order, and the order changes the hash of the asset. */
function inOrder(map?: Record<string, string>): Record<string, string> | undefined {
  return map && Object.fromEntries(Object.entries(map).sort(([one], [other]) => one < other ? -1 : 1));
}
