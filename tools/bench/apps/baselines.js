// Writes two apps with the resources of a synthesized template, the least that a user could write for the same stack:
// one with the typed L1 constructs, one with CfnResource only. `node baselines.js ASSEMBLY STACK TYPED_FILE GENERIC_FILE`
const { readFileSync, writeFileSync } = require('fs');
const { dirname, join } = require('path');
const { App, Stack } = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
const CLASSES = JSON.parse(readFileSync(join(dirname(require.resolve('aws-cdk-lib/package.json')), 'cloudformation-include', 'cfn-types-2-classes.json'), 'utf8'));

const [assembly, stackName, typedFile, genericFile] = process.argv.slice(2);
const templateFile = join(assembly, `${stackName}.template.json`);
const template = JSON.parse(readFileSync(templateFile, 'utf8'));
const { files } = JSON.parse(readFileSync(join(assembly, `${stackName}.assets.json`), 'utf8'));
const code = Object.entries(files).find(([, { source }]) => source.packaging === 'zip');
const stack = new Stack(new App({ outdir: `${assembly}.baselines` }), 'Included');
const included = new CfnInclude(stack, 'Template', { templateFile });

/** Stands for the bucket and key of the handler's asset, which the app reads from the synthesizer. */
const isAsset = value => JSON.stringify(value).includes(code[0]);

/** Writes an intrinsic function as an expression and any other value as a literal. */
function expression(value) {
  if (Array.isArray(value)) {
    return `[${value.map(expression).join(', ')}]`;
  }
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value);
  }
  const [[name, argument], ...others] = Object.entries(value).length > 0 ? Object.entries(value) : [[]];
  if (others.length === 0 && name === 'Ref') {
    return argument.startsWith('AWS::') ? `Fn.ref(${JSON.stringify(argument)})` : `${argument}.ref`;
  }
  if (others.length === 0 && name === 'Fn::GetAtt') {
    return `${argument[0]}.getAtt(${JSON.stringify(argument[1])}).toString()`;
  }
  if (others.length === 0 && name === 'Fn::Join') {
    return `[${argument[1].map(expression).join(', ')}].join(${JSON.stringify(argument[0])})`;
  }
  if (others.length === 0 && name?.startsWith('Fn::')) {
    return `Token.asString(${JSON.stringify(value)})`;
  }
  return `{ ${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${expression(item)}`).join(', ')} }`;
}

/** Sorts resources so that each follows the resources it refers to. */
function ordered() {
  const done = new Set();
  const result = [];
  const visit = id => {
    if (!done.has(id)) {
      done.add(id);
      references(template.Resources[id]).forEach(visit);
      result.push(id);
    }
  };
  Object.keys(template.Resources).filter(id => template.Resources[id].Type !== 'AWS::CDK::Metadata').forEach(visit);
  return result;
}

function references({ Properties, DependsOn = [] }) {
  const found = new Set([DependsOn].flat());
  JSON.stringify(Properties ?? {}, (key, value) => {
    const id = key === 'Ref' ? value : key === 'Fn::GetAtt' ? value[0] : undefined;
    if (id in template.Resources) {
      found.add(id);
    }
    return value;
  });
  return found;
}

function app(resource) {
  const lines = ordered().map(id => {
    const { Type, Properties = {}, DependsOn = [], DeletionPolicy, UpdateReplacePolicy } = template.Resources[id];
    const options = [['deletionPolicy', DeletionPolicy], ['updateReplacePolicy', UpdateReplacePolicy]].filter(([, policy]) => policy);
    return [
      `const ${id} = ${resource(id, Type, Properties)};`,
      ...options.map(([option, policy]) => `${id}.cfnOptions.${option} = ${JSON.stringify(policy)};`),
      ...[DependsOn].flat().map(other => `${id}.addResourceDependency(${other});`),
    ].join('\n');
  });
  return `const { App, CfnResource, Fn, Stack, Token } = require('aws-cdk-lib');
const app = new App({ outdir: process.argv[2] });
const stack = new Stack(app, ${JSON.stringify(stackName)}, { env: { account: '111122223333', region: 'eu-west-1' } });
const asset = stack.synthesizer.addFileAsset({
  fileName: ${JSON.stringify(join(assembly, code[1].source.path))}, packaging: 'zip', sourceHash: ${JSON.stringify(code[0])},
});
${lines.join('\n')}
app.synth();
`;
}

/** Converts the properties to those of the typed L1 construct. */
function typedProperties(id) {
  const properties = stack.resolve(included.getResource(id).cfnProperties ?? included.getResource(id)._cfnProperties);
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}

const withAsset = (text, properties) => isAsset(properties)
  ? text.replace(/("?[sS]3Bucket"?: )(?:"[^"]*"|\[[^\]]*\]\.join\(""\)|Token\.asString\(\{[^}]*\}\))/, '$1asset.bucketName').replace(/("?[sS]3Key"?: )"[^"]*"/, '$1asset.objectKey') : text;

writeFileSync(typedFile, app((id, type, properties) => {
  const name = CLASSES[type];
  if (!name) {
    return `new CfnResource(stack, ${JSON.stringify(id)}, { type: ${JSON.stringify(type)}, properties: ${expression(properties)} })`;
  }
  const [module, className] = name.split('.');
  const given = typedProperties(id);
  return withAsset(`new (require('${module}').${className})(stack, ${JSON.stringify(id)}, ${expression(given)})`, given);
}));
writeFileSync(genericFile, app((id, type, properties) =>
  withAsset(`new CfnResource(stack, ${JSON.stringify(id)}, { type: ${JSON.stringify(type)}, properties: ${expression(properties)} })`, properties)));
