// Jest's environment for all tests. Each worker loads the CDK once, outside of Jest's module registry: see outside-transform.js.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.requireOutside = require;
    // Skips the CDK's validation of manifests, which takes a seventh of the synthesis time. Tests that synthesize in separate processes keep it.
    require('aws-cdk-lib/cloud-assembly-schema').Manifest.validate = () => undefined;
  }
};
