// The environment of the tests. It loads the CDK once for all test files of a worker, outside of Jest's module registry: see outside-transform.js.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.requireOutside = require;
  }
};
