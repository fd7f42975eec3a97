import { RetentionDays } from 'aws-cdk-lib/aws-logs';

/** How long logs are kept when the user does not say. */
export const DEFAULT_LOG_RETENTION = RetentionDays.ONE_MONTH;
