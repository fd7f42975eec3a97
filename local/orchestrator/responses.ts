/** The form in which the API returns a runner. */
import type { AnyRunner, AnyRunnerConfiguration, AnyStateStorage } from './model';

type StorageType = AnyStateStorage['type'];
const ALL_STORAGE_TYPES: readonly StorageType[] = ['kubernetes', 's3', 'gcs', 'azurerm'];

/** The state storage types that each runner type supports. */
export const RUNNER_STATE_STORAGE: Readonly<Record<AnyRunnerConfiguration['type'], readonly StorageType[]>> = {
  'kubernetes': ALL_STORAGE_TYPES,
  'kubernetes-agent': ALL_STORAGE_TYPES,
  'kubernetes-eks': ALL_STORAGE_TYPES,
  'kubernetes-gke': ALL_STORAGE_TYPES,
  'serverless-ecs': ['s3'],
};

/** The API returns this text instead of a secret value. */
const SECRET_PLACEHOLDER = 'SECRET';

const isEmpty = (value: unknown): boolean => value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** Omits empty lists, empty maps and `false` from the job of a runner. */
export function withoutEmptyFields(runner: AnyRunner): AnyRunner {
  const { runner_configuration: configuration } = runner;
  const job = Object.fromEntries(Object.entries(configuration.job).filter(([, value]) => !isEmpty(value)));
  return { ...runner, runner_configuration: { ...configuration, job } } as AnyRunner;
}

/** Replaces the credentials of a Kubernetes cluster, which the API never returns. */
export function withoutSecretValues(runner: AnyRunner): AnyRunner {
  const { runner_configuration: configuration } = runner;
  if (configuration.type !== 'kubernetes' || !configuration.cluster?.auth) return runner;
  const auth = Object.fromEntries(Object.keys(configuration.cluster.auth).map((name) => [name, SECRET_PLACEHOLDER]));
  return { ...runner, runner_configuration: { ...configuration, cluster: { ...configuration.cluster, auth } } } as AnyRunner;
}
