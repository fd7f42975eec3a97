import { AwsError, list } from '../aws';
import { Check, Context, Finding, ok, problem, unknown } from '../check';

const ECR = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^:@]+)(?::([^@]+))?(?:@(.+))?$/;
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json', 'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const TIMEOUT_MS = 10_000;
const NOT_FOUND_REMEDY = 'Push the image, or correct `image` and deploy again.';

export const IMAGE: Check = {
  id: 'image',
  title: 'The image of the tasks: whether it exists, and can be pulled without credentials if it is not in Amazon ECR',
  reads: ['ecr:BatchGetImage'],
  async run(context) {
    const { Image: image } = context.runner.properties.Job;
    if (image === undefined) {
      return [ok('The orchestrator chooses the image.')];
    }
    return [await (ECR.test(image) ? inEcr(context, image) : inRegistry(image))];
  },
};

async function inEcr({ aws }: Context, image: string): Promise<Finding> {
  const [, registryId, region, repositoryName, imageTag = 'latest', imageDigest] = ECR.exec(image)!;
  try {
    const { failures } = await aws('ecr', 'BatchGetImage', { registryId, repositoryName, imageIds: [imageDigest ? { imageDigest } : { imageTag }] }, region);
    const [failure] = list(failures);
    return failure ? problem(`The image ${image} cannot be pulled: ${failure.failureCode}.`, NOT_FOUND_REMEDY) : ok(`The image ${image} exists.`);
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'not-found') {
      return problem(`The image ${image} does not exist: ${error.code}.`, NOT_FOUND_REMEDY);
    }
    throw error;
  }
}

/**
 * Asks a registry for the manifest, without credentials, as ECS does.
 *
 * @see https://distribution.github.io/distribution/spec/api/
 */
async function inRegistry(image: string): Promise<Finding> {
  const { host, repository, reference } = parseImage(image);
  // Container tools speak HTTP with a registry on their own machine, too.
  const url = `${/^(localhost|127\.0\.0\.1)(:|$)/.test(host) ? 'http' : 'https'}://${host}/v2/${repository}/manifests/${reference}`;
  try {
    let response = await request(url, { method: 'HEAD', headers: { accept: MANIFESTS } });
    if (response.status === 401) {
      const token = await anonymousToken(response.headers.get('www-authenticate') ?? '');
      response = token ? await request(url, { method: 'HEAD', headers: { accept: MANIFESTS, authorization: `Bearer ${token}` } }) : response;
    }
    return imageState(image, response.status);
  } catch (error) {
    const { cause, name } = error as { cause?: { code?: string }; name?: string };
    return unknown(`The registry ${host} gave this machine no answer (${cause?.code ?? name}).`, 'Check the network of this machine. The tasks may still reach the registry.');
  }
}

export function imageState(image: string, status: number): Finding {
  switch (status) {
    case 200: return ok(`The image ${image} exists, and can be pulled without credentials.`);
    case 404: return problem(`The image ${image} does not exist.`, NOT_FOUND_REMEDY);
    case 401:
    case 403: return problem(`The image ${image} does not exist, or cannot be pulled without credentials, which the tasks do not have.`,
      'Correct `image`, or copy the image to Amazon ECR and use `RunnerImage.fromEcrRepository()`.');
    default: return unknown(`The registry answered HTTP ${status} for the image ${image}.`, 'Run the doctor again later.');
  }
}

/** Registry, repository and tag or digest, with the defaults of Docker Hub. */
export function parseImage(image: string): { readonly host: string; readonly repository: string; readonly reference: string } {
  const [name, digest] = image.split('@');
  const [, path, tag] = /^(.*?)(?::([^:/]+))?$/.exec(name)!;
  const [first, ...rest] = path.split('/');
  const hasHost = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const repository = hasHost ? rest.join('/') : path.includes('/') ? path : `library/${path}`;
  const host = hasHost && !/^(index\.)?docker\.io$/.test(first) ? first : 'registry-1.docker.io';
  return { host, repository, reference: digest ?? tag ?? 'latest' };
}

async function anonymousToken(challenge: string): Promise<string | undefined> {
  const { realm, service, scope } = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  if (!realm || !URL.canParse(realm)) {
    return undefined;
  }
  const url = new URL(realm);
  for (const [key, value] of Object.entries({ service, scope })) {
    if (value) {
      url.searchParams.set(key, value);
    }
  }
  const response = await request(url.href, {});
  const body = await response.json().catch(() => ({})) as { token?: string; access_token?: string };
  return body.token ?? body.access_token;
}

async function request(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
}
