// Jest would evaluate the CDK anew for each test file, which takes about a second of CPU time. This takes it from the module cache of Node.js.
module.exports = {
  process: (_source, path) => ({ code: `module.exports = requireOutside(${JSON.stringify(path)});` }),
  getCacheKey: (_source, path) => `outside ${path}`,
};
