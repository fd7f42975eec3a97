// The environment of the tests. It loads the CDK once for all test files of a worker, outside of Jest's module registry: see outside-transform.js.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.requireOutside = require;
    // The CDK validates the manifests of a cloud assembly when it writes and when it reads them: a seventh of the time of a synthesis. The tests that
    // synthesize in processes of their own, as the command line of the CDK does, keep it.
    require('aws-cdk-lib/cloud-assembly-schema').Manifest.validate = () => undefined;
  }
};
