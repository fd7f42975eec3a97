/** The accepted findings of cdk-nag, checkov and cfn-lint for the registration, with reasons. */
import { INTERFACE_ACTIONS } from './network';
import { Acknowledgement, hipaaAndNist, hipaaNistAndPci } from '../common/acknowledgements';
import type { WildcardReasons } from '../common/policy-findings';

/** Findings for the Lambda that registers runners, and for its log group. */
export function registrationFunctionFindings(inVpc: boolean): Acknowledgement[] {
  return inVpc ? REGISTRATION_FUNCTION : [...REGISTRATION_FUNCTION, {
    nag: hipaaNistAndPci('LambdaInsideVPC'),
    checkov: 'CKV_AWS_117',
    reason: 'It talks to the public APIs of the orchestrator and of AWS only, over TLS, and nothing can connect to it. `registrationNetwork` puts it into a VPC.',
  }];
}
const REGISTRATION_FUNCTION: Acknowledgement[] = [
  {
    checkov: 'CKV_AWS_173',
    reason: 'The environment variables contain the URL of the API, which is not a secret. Lambda encrypts them with a key that AWS manages.',
  },
  {
    nag: hipaaAndNist('LambdaConcurrency'),
    checkov: 'CKV_AWS_115',
    reason: 'CloudFormation calls it once for a changed resource, and a schedule of RunnerMonitoring at most every five minutes. Concurrency reserved for that would be taken from the rest of the account.',
  },
  {
    nag: hipaaAndNist('LambdaDLQ'),
    checkov: 'CKV_AWS_116',
    reason: 'CloudFormation waits for its answer and reports a failure itself, and a schedule repeats what failed. An event kept for later would act on a stack that has moved on.',
  },
];

/** Findings for the registration of a runner in a VPC of its stack. */
export const REGISTRATION_IN_NEW_VPC: Acknowledgement[] = [{
  cfnLint: 'W3005',
  reason: 'It has to wait for the whole VPC, whose routes lead out of it, and not only for the subnets that it refers to.',
}];

const LOG = {
  reason: 'CloudFormation and Lambda end the names of log group and streams with what is not known before. The wildcard begins after stack and logical id.',
};
/** The accepted wildcards of the Lambda's role. */
export const ROLE_WILDCARDS: WildcardReasons = {
  'logs:CreateLogStream': LOG,
  'logs:PutLogEvents': LOG,
  ...Object.fromEntries(INTERFACE_ACTIONS.map(action => [action, {
    condition: 'aws:RequestedRegion',
    reason: 'Lambda checks before it attaches a function to a VPC that its role may do this on *. A statement that denies keeps the code itself from it.',
  }])),
};

/** The accepted wildcards of the policies for API tokens. */
export const API_TOKEN_WILDCARDS: WildcardReasons = {
  'kms:Decrypt': {
    condition: 'kms:EncryptionContext:SecretARN',
    reason: 'Which key a secret has is not always known at synthesis. Conditions hold it to Secrets Manager and to the secrets that were given.',
  },
};
