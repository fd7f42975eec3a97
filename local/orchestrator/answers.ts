/** What answers show of a runner. */
import { isEcs, type AnyRunner, type AnyRunnerConfiguration, type AnyStateStorage } from './model';

type StorageType = AnyStateStorage['type'];
const EVERY_STORAGE: readonly StorageType[] = ['kubernetes', 's3', 'gcs', 'azurerm'];

/** The state storage that a runner of a type can have. */
export const RUNNER_STATE_STORAGE: Readonly<Record<AnyRunnerConfiguration['type'], readonly StorageType[]>> = {
  'kubernetes': EVERY_STORAGE,
  'kubernetes-agent': EVERY_STORAGE,
  'kubernetes-eks': EVERY_STORAGE,
  'kubernetes-gke': EVERY_STORAGE,
  'serverless-ecs': ['s3'],
};

/** In place of a value that the API keeps in its vault. */
const SECRET_PLACEHOLDER = 'SECRET';

const isEmpty = (value: unknown): boolean => value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** Without the empty lists, empty maps and `false` of an ECS runner's job. */
export function withoutEmptyFields(runner: AnyRunner): AnyRunner {
  const { runner_configuration: configuration } = runner;
  if (!isEcs(configuration)) return runner;
  const job = Object.fromEntries(Object.entries(configuration.job).filter(([, value]) => !isEmpty(value)));
  return { ...runner, runner_configuration: { ...configuration, job } } as AnyRunner;
}

/** Credentials of a Kubernetes cluster never come back. */
export function withoutSecretValues(runner: AnyRunner): AnyRunner {
  const { runner_configuration: configuration } = runner;
  if (configuration.type !== 'kubernetes' || !configuration.cluster?.auth) return runner;
  const auth = Object.fromEntries(Object.keys(configuration.cluster.auth).map((name) => [name, SECRET_PLACEHOLDER]));
  return { ...runner, runner_configuration: { ...configuration, cluster: { ...configuration.cluster, auth } } } as AnyRunner;
}
