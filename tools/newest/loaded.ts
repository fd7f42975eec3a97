/** Runs before each suite of `tools/newest-cdk.ts`: checks that the newest CDK is loaded. */
import { version } from 'aws-cdk-lib/package.json';

const { NEWEST_CDK } = process.env;
if (version !== NEWEST_CDK) {
  throw new Error(`Expected the tests to load aws-cdk-lib ${NEWEST_CDK}; they load ${version}. See the moduleNameMapper of tools/newest-cdk.ts.`);
}
