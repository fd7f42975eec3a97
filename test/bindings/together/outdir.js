/**
 * Loaded into the Node.js process that runs the CDK for Python, Java and Go: CDK_OUTDIR has the content of a file. The command line of the CDK sets
 * this variable for each process that it starts, but a process that runs several apps cannot change the environment of its Node.js process.
 */
const { readFileSync } = require('fs');

process.env = new Proxy(process.env, {
  get: (env, name) => name === 'CDK_OUTDIR' ? readFileSync(env.OUTDIR_FILE, 'utf8') : env[name],
});
