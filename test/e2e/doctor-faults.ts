/** Faults of a deployed runner. Each is injected alone, and undone before the next one. */
import { ACCESS_FAULTS } from './doctor-faults-access';
import { NETWORK_FAULTS } from './doctor-faults-network';
import type { World } from './doctor-world';

type Undo = () => Promise<unknown>;

export interface Fault {
  readonly name: string;
  /** The id of the only check that reports it. */
  readonly check: string;
  /** What the remedy says. */
  readonly remedy: RegExp;
  /** Injects the fault, and returns what undoes it. */
  readonly inject: (world: World) => Promise<Undo>;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'the service-linked role of ECS is deleted',
    check: 'cluster',
    remedy: /aws iam create-service-linked-role --aws-service-name ecs\.amazonaws\.com/,
    inject: async ({ aws }) => {
      await aws('iam', 'DeleteServiceLinkedRole', { RoleName: 'AWSServiceRoleForECS' });
      return async () => aws('iam', 'CreateServiceLinkedRole', { AWSServiceName: 'ecs.amazonaws.com' });
    },
  },
  ...ACCESS_FAULTS,
  ...NETWORK_FAULTS,
];
