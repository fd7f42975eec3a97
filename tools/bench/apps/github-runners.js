// The default runners of cdk-github-runners in an existing VPC: `node github-runners.js OUTDIR`.
const { App, Stack } = require('aws-cdk-lib');
const ec2 = require('aws-cdk-lib/aws-ec2');
const { FargateRunnerProvider, GitHubRunners } = require('@cloudsnorkel/cdk-github-runners');

const [outdir] = process.argv.slice(2);
const app = new App({ outdir });
const stack = new Stack(app, 'Runners', { env: { account: '111122223333', region: 'eu-west-1' } });
const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0123456789abcdef0', availabilityZones: ['eu-west-1a', 'eu-west-1b'],
  publicSubnetIds: ['subnet-0123456789abcdef2', 'subnet-0123456789abcdef3'],
  publicSubnetRouteTableIds: ['rtb-0123456789abcdef2', 'rtb-0123456789abcdef3'],
  privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  privateSubnetRouteTableIds: ['rtb-0123456789abcdef0', 'rtb-0123456789abcdef1'],
});
new GitHubRunners(stack, 'Runners', { providers: [new FargateRunnerProvider(stack, 'Fargate', { vpc })] });
app.synth();
