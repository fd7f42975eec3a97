/** Why a task failed. The metrics of a runner count the failed tasks by these classes. */
export enum TaskFailure {
  /** The image of the runner was not found, or could not be used. */
  IMAGE_NOT_FOUND = 'image-not-found',
  /** The execution role may not pull the image of the runner. */
  IMAGE_PERMISSION = 'image-permission',
  /** The task could not reach the image registry. */
  IMAGE_ROUTE = 'image-route',
  /** The image registry limits the rate of pulls. */
  IMAGE_RATE_LIMIT = 'image-rate-limit',
  /** A secret or parameter of the runner does not exist, or could not be used. */
  SECRET_MISSING = 'secret-missing',
  /** The execution role may not read a secret or parameter of the runner. */
  SECRET_PERMISSION = 'secret-permission',
  /** The task could not reach Secrets Manager or Systems Manager. */
  SECRET_ROUTE = 'secret-route',
  /** The task got no network interface. */
  NETWORK_INTERFACE = 'network-interface',
  /** AWS Fargate had no capacity. */
  CAPACITY = 'capacity',
  /** ECS could not start the task. */
  START = 'start',
  /** OpenTofu used more memory than the task has. */
  OUT_OF_MEMORY = 'out-of-memory',
  /** OpenTofu ended with an error. */
  EXIT_CODE = 'exit-code',
  /** A user or program stopped the task. */
  USER = 'user',
  /** AWS stopped the task, for example for maintenance. */
  PLATFORM = 'platform',
}
