// Takes a module from the module cache of Node.js. Jest would otherwise evaluate the CDK for each test file, which takes about a second of CPU time.
module.exports = {
  process: (_source, path) => ({ code: `module.exports = requireOutside(${JSON.stringify(path)});` }),
  getCacheKey: (_source, path) => `outside ${path}`,
};
