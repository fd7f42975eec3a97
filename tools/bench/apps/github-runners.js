// The default runners of cdk-github-runners in an existing VPC: `node github-runners.js OUTDIR`.
const { App, Stack } = require('aws-cdk-lib');
const { FargateRunnerProvider, GitHubRunners } = require('@cloudsnorkel/cdk-github-runners');
const { existingVpc } = require('./existing-vpc');

const [outdir] = process.argv.slice(2);
const app = new App({ outdir });
const stack = new Stack(app, 'Runners', { env: { account: '111122223333', region: 'eu-west-1' } });
const vpc = existingVpc(stack);
new GitHubRunners(stack, 'Runners', { providers: [new FargateRunnerProvider(stack, 'Fargate', { vpc })] });
app.synth();
