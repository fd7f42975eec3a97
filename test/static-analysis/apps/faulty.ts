/** An app with faults that each tool reports, which shows that the tool ran. Do not deploy it. */
import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';

const stack = new Stack(new App(), 'FaultyStack');
new Bucket(stack, 'Bucket');
// A property that CloudFormation does not know, and another bucket that is not as the frameworks want it.
new CfnResource(stack, 'Unknown', { type: 'AWS::S3::Bucket', properties: { NoSuchProperty: 'yes' } });
