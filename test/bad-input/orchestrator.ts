import { Aws, Lazy } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Row, secretArn, selfHosted } from './row';
import { ApiToken, Orchestrator } from '../../src';

/** Invalid orchestrators and API tokens. */
const ISSUER = 'orchestrator.oidcIssuerUrl: expected an https:// URL of host and path, without port, query and fragment; got ';
const ISSUER_FIX = '. IAM accepts no other issuers: serve the orchestrator\'s issuer on port 443 of a public host.';
const API_URL = 'orchestrator.apiUrl: expected an https:// URL without spaces, credentials, query and fragment (http:// only on loopback); got ';
const API_URL_FIX = '. The API token travels over this connection: give the URL under which the API is served with TLS.';
const GATEWAY_URL = 'orchestrator.gatewayUrl: expected an https:// URL without spaces, credentials, query and fragment (http:// only on loopback); got ';
const GATEWAY_URL_FIX = '. Give the URL that your orchestrator hands to the tasks as `RUNNER_GATEWAY_URL`.';
const CERTIFICATES = 'orchestrator.extraCaCertificates: expected only certificates in PEM format, "-----BEGIN CERTIFICATE-----…"; got ';
const CERTIFICATES_FIX = '. Give the text of the PEM file of your CA.';

export const ROWS: Row[] = [
  ['an empty organization', stack => selfHosted(stack, { orgId: '' }),
    ['orchestrator.orgId: expected the id of an organization (letters, digits, - and _); got "". '
      + 'Use the organization\'s id, as in the URL of the orchestrator\'s console.']],
  ['an http API', stack => selfHosted(stack, { apiUrl: 'http://api.example.com' }), [`${API_URL}"http://api.example.com"${API_URL_FIX}`]],
  ['a password in the API URL', stack => selfHosted(stack, { apiUrl: 'https://me:hidden@api.example.com' }), [`${API_URL}"https://...@api.example.com"${API_URL_FIX}`]],
  ['an API URL without a scheme', stack => selfHosted(stack, { apiUrl: 'api.example.com' }), [`${API_URL}"api.example.com"${API_URL_FIX}`]],
  ['a password without a user in the API URL', stack => selfHosted(stack, { apiUrl: 'https://:hidden@api.example.com' }), [`${API_URL}"https://...@api.example.com"${API_URL_FIX}`]],
  ['a user in the API URL', stack => selfHosted(stack, { apiUrl: 'https://me@api.example.com' }), [`${API_URL}"https://...@api.example.com"${API_URL_FIX}`]],
  ['a query in the API URL', stack => selfHosted(stack, { apiUrl: 'https://api.example.com/?a=b' }), [`${API_URL}"https://api.example.com/?..."${API_URL_FIX}`]],
  ['a fragment in the API URL', stack => selfHosted(stack, { apiUrl: 'https://api.example.com/#a' }), [`${API_URL}"https://api.example.com/#..."${API_URL_FIX}`]],
  ['an API URL with the end of a line', stack => selfHosted(stack, { apiUrl: 'https://api.example.com\n' }), [`${API_URL}"https://api.example.com\\n"${API_URL_FIX}`]],
  ['an API URL without a host', stack => selfHosted(stack, { apiUrl: 'https:///api' }), [`${API_URL}"https:///api"${API_URL_FIX}`]],
  ['an API URL with the path of an organization', stack => selfHosted(stack, { apiUrl: 'https://api.example.com/base/orgs/my-org/' }),
    ['orchestrator.apiUrl: expected the base URL of the API, to which the path "/orgs/<organization>" is appended; got "https://api.example.com/base/orgs/my-org". '
      + 'Remove "/orgs" and the rest of the path.']],
  ['a gateway with a space', stack => selfHosted(stack, { gatewayUrl: ' https://gateway.example.com' }), [`${GATEWAY_URL}" https://gateway.example.com"${GATEWAY_URL_FIX}`]],
  ['an http gateway', stack => selfHosted(stack, { gatewayUrl: 'http://gateway.example.com' }), [`${GATEWAY_URL}"http://gateway.example.com"${GATEWAY_URL_FIX}`]],
  ['a gateway without a scheme', stack => selfHosted(stack, { gatewayUrl: 'gateway.example.com:9443' }), [`${GATEWAY_URL}"gateway.example.com:9443"${GATEWAY_URL_FIX}`]],
  ['a password in the gateway URL', stack => selfHosted(stack, { gatewayUrl: 'https://me:hidden@gateway.example.com' }),
    [`${GATEWAY_URL}"https://...@gateway.example.com"${GATEWAY_URL_FIX}`]],
  ['an issuer without a scheme', stack => selfHosted(stack, { oidcIssuerUrl: 'oidc.example.com' }), [`${ISSUER}"oidc.example.com"${ISSUER_FIX}`]],
  ['an issuer with an address that does not exist', stack => selfHosted(stack, { oidcIssuerUrl: 'https://999.1.1.1' }), [`${ISSUER}"https://999.1.1.1"${ISSUER_FIX}`]],
  ['an issuer with a user', stack => selfHosted(stack, { oidcIssuerUrl: 'https://me@oidc.example.com' }), [`${ISSUER}"https://...@oidc.example.com"${ISSUER_FIX}`]],
  ['an issuer with a port', stack => selfHosted(stack, { oidcIssuerUrl: 'https://oidc.example.com:8443' }), [`${ISSUER}"https://oidc.example.com:8443"${ISSUER_FIX}`]],
  ['an issuer with a query', stack => selfHosted(stack, { oidcIssuerUrl: 'https://oidc.example.com/?a=b' }), [`${ISSUER}"https://oidc.example.com/?..."${ISSUER_FIX}`]],
  ['an issuer with a fragment', stack => selfHosted(stack, { oidcIssuerUrl: 'https://oidc.example.com/#a' }), [`${ISSUER}"https://oidc.example.com/#..."${ISSUER_FIX}`]],
  ['an http issuer', stack => selfHosted(stack, { oidcIssuerUrl: 'http://oidc.example.com' }), [`${ISSUER}"http://oidc.example.com"${ISSUER_FIX}`]],
  ['an issuer that is a token', stack => selfHosted(stack, { oidcIssuerUrl: Lazy.string({ produce: () => 'https://oidc.example.com' }) }),
    ['orchestrator.oidcIssuerUrl: expected a literal URL; got a CDK token. IAM puts the issuer into the names of condition keys, which CloudFormation cannot compute: give a literal string.']],
  ['a family with a wildcard', stack => selfHosted(stack, { taskFamilyPrefix: '*' }),
    ['orchestrator.taskFamilyPrefix: expected 1 to 255 letters, digits, - and _ (what ECS allows in the name of a task definition); got "*". '
      + 'Use the prefix that your orchestrator is configured with, or omit it.']],
  ['an empty token field', stack => ({
    orchestrator: Orchestrator.humanitec({
      orgId: 'my-org', apiToken: ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', secretArn('s-AbCdEf')), ''),
    }),
  }), ['orchestrator.apiToken.jsonField: expected the field of the API token in the secret\'s JSON object; got an empty string. '
    + 'Give the name of the field, or omit `jsonField` if the whole secret is the API token.']],
  ['no certificate among the extra ones', stack => selfHosted(stack, { extraCaCertificates: 'my-ca.pem' }), [`${CERTIFICATES}a text without a certificate${CERTIFICATES_FIX}`]],
  ['a private key among the extra ones', stack => selfHosted(stack, { extraCaCertificates: '-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----' }),
    [`${CERTIFICATES}a private key${CERTIFICATES_FIX}`]],
  ['a broken certificate among the extra ones', stack => selfHosted(stack, { extraCaCertificates: '-----BEGIN CERTIFICATE-----\nMC4C\n-----END CERTIFICATE-----' }),
    [`${CERTIFICATES}a certificate that cannot be read (number 1 of 1)${CERTIFICATES_FIX}`]],
  ['certificates that are a token', stack => selfHosted(stack, { extraCaCertificates: Lazy.string({ produce: () => '' }) }), [`${CERTIFICATES}a token${CERTIFICATES_FIX}`]],
  ['an API token whose ARN has CDK tokens and lacks the characters that Secrets Manager appends', stack => ({
    orchestrator: Orchestrator.humanitec({
      orgId: 'my-org',
      apiToken: ApiToken.fromSecretsManager(secretsmanager.Secret.fromSecretCompleteArn(stack, 'S', `arn:aws:secretsmanager:${Aws.REGION}:${Aws.ACCOUNT_ID}:secret:humanitec`)),
    }),
  }), ['orchestrator.apiToken: expected a complete ARN, which ends with "-" and the six characters that Secrets Manager appends to the name; got the partial ARN of the secret "humanitec". '
    + 'Import it with Secret.fromSecretNameV2() or Secret.fromSecretPartialArn(), or give its complete ARN.']],
];
