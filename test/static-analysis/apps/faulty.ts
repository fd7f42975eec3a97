/** An app with faults that each tool must report. Do not deploy it. */
import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';

const stack = new Stack(new App(), 'FaultyStack');
new Bucket(stack, 'Bucket');
// A property that CloudFormation does not know, and a bucket that violates the rules of the frameworks.
new CfnResource(stack, 'Unknown', { type: 'AWS::S3::Bucket', properties: { NoSuchProperty: 'yes' } });
