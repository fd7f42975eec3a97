/**
 * Loaded into the Node.js process that runs the CDK for Python, Java and Go: reads CDK_OUTDIR from a file.
 *
 * The CDK CLI sets this variable for each app process. A process that runs several apps cannot change the environment of its Node.js process.
 */
const { readFileSync } = require('fs');

process.env = new Proxy(process.env, {
  get: (env, name) => name === 'CDK_OUTDIR' ? readFileSync(env.OUTDIR_FILE, 'utf8') : env[name],
});
