import { AwsError } from '../aws';
import { Check, Finding, ok, problem } from '../check';

/** "Fargate On-Demand vCPU resource count". @see https://docs.aws.amazon.com/general/latest/gr/ecs-service.html */
const QUOTA = { ServiceCode: 'fargate', QuotaCode: 'L-3032A538' };
/** Each task of the orchestrator has half a vCPU. */
const VCPUS_OF_TASK = 0.5;

export const QUOTAS: Check = {
  id: 'quotas',
  title: 'The quota of vCPUs on AWS Fargate',
  reads: ['servicequotas:GetServiceQuota', 'servicequotas:GetAWSDefaultServiceQuota'],
  async run({ aws, runner: { properties: { Job: { Region: region } } } }) {
    const read = async (operation: string) => aws('servicequotas', operation, QUOTA, region);
    const { Quota } = await read('GetServiceQuota').catch(async (error: unknown) => {
      // An account that has never asked for another value may have only the default.
      if (error instanceof AwsError && error.kind === 'not-found') {
        return read('GetAWSDefaultServiceQuota');
      }
      throw error;
    });
    return [vcpuQuota(Number(Quota?.Value), region)];
  },
};

export function vcpuQuota(vcpus: number, region: string): Finding {
  const tasks = Math.floor(vcpus / VCPUS_OF_TASK);
  return tasks >= 1 ? ok(`AWS Fargate allows ${vcpus} vCPUs in ${region}, which are ${tasks} tasks at the same time if nothing else uses them.`)
    : problem(`AWS Fargate allows ${vcpus} vCPUs in ${region}: no task can start, as each has ${VCPUS_OF_TASK}.`,
      `Request an increase: \`aws service-quotas request-service-quota-increase --service-code ${QUOTA.ServiceCode} --quota-code ${QUOTA.QuotaCode} --desired-value 10\`.`);
}
