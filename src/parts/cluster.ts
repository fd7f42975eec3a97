import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { CLUSTER_NAME_MAX } from '../common/contract';
import { checkNameInArn, checkPlace, placeOf } from '../common/place';
import type { Problems } from '../common/problems';
import { canonical } from '../common/unknown-values';
import type { EcsRunnerProps } from '../inputs/ecs-runner-props';

export type ClusterInputs = Pick<EcsRunnerProps, 'cluster' | 'containerInsights' | 'encryptionKey'>;

/** Rejects a cluster that the orchestrator cannot use, and settings for a new cluster if a cluster was given. */
export function checkCluster(scope: Construct, problems: Problems, { cluster, containerInsights }: ClusterInputs): void {
  if (!cluster) {
    return;
  }
  problems.checkText('cluster', cluster.clusterName, {
    min: 1,
    max: CLUSTER_NAME_MAX,
    pattern: /^[a-zA-Z0-9_-]+$/,
    expected: `a cluster whose name has 1 to ${CLUSTER_NAME_MAX} letters, digits, "-" and "_"`,
    fix: 'Import the cluster by its name, not by its ARN.',
  });
  if (!problems.has('cluster')) {
    checkNameInArn(problems, 'cluster', cluster.clusterName, canonical(scope, cluster.clusterArn), /^arn:[^:]*:ecs:[^:]*:[^:]*:cluster\/([^/{]+)$/);
    checkPlace(scope, problems, 'cluster', placeOf(scope, cluster, cluster.clusterArn), {
      resource: 'a cluster', mustMatch: ['region', 'account'], fix: 'A runner can use only a cluster in its own account and region: give such a cluster.',
    });
  }
  if (containerInsights !== undefined) {
    problems.add({
      input: 'containerInsights',
      expected: 'either `containerInsights` or `cluster`',
      got: 'both',
      fix: 'Set Container Insights where the cluster is defined: the runner does not change an existing cluster.',
    });
  }
}

/** A new cluster with ECS Exec logging. */
export function createCluster(scope: Construct, inputs: ClusterInputs, execLogGroupName: string, vpc?: ec2.IVpc): ecs.ICluster {
  const { containerInsights = ecs.ContainerInsights.ENABLED, encryptionKey } = inputs;
  // Typed L1, because the L2 creates a VPC if none is given. No capacity providers: the orchestrator uses the launch type FARGATE, and CreateCluster with
  // capacity providers fails in an account that does not have the service-linked role of ECS yet.
  // https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818
  const resource = new ecs.CfnCluster(scope, 'Cluster', {
    clusterSettings: [{ name: 'containerInsights', value: containerInsights }],
    configuration: {
      executeCommandConfiguration: {
        logging: 'OVERRIDE',
        // By name, so that the cluster and the resources that refer to it do not depend on the log group.
        logConfiguration: { cloudWatchLogGroupName: execLogGroupName, cloudWatchEncryptionEnabled: encryptionKey ? true : undefined },
      },
    },
  });
  if (!vpc) {
    return ecs.Cluster.fromClusterArn(scope, 'ClusterReference', resource.attrArn);
  }
  return ecs.Cluster.fromClusterAttributes(scope, 'ClusterReference', {
    clusterName: resource.ref,
    clusterArn: resource.attrArn,
    vpc,
    securityGroups: [],
  });
}
