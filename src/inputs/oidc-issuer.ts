import { Token } from 'aws-cdk-lib';
import type { Problems } from '../common/problems';
import { isPlaceholder, quoteUrl } from '../common/unknown-values';

/** The issuer as IAM names it in provider ARNs and condition keys: host and path. */
export function issuerName(issuerUrl: string): string {
  return issuerUrl.replace(/^https:\/\//, '').replace(/\/+$/, '');
}

/** Reports an issuer URL that IAM does not accept. */
export function checkIssuer(problems: Problems, issuerUrl: string): void {
  if (Token.isUnresolved(issuerUrl)) {
    problems.add({
      input: 'oidcIssuerUrl',
      expected: 'a literal URL',
      got: 'a CDK token',
      fix: 'IAM puts the issuer into the names of condition keys, which CloudFormation cannot compute: give a literal string.',
    });
    return;
  }
  if (isPlaceholder(issuerUrl)) {
    return;
  }
  if (!isUrl(issuerUrl) || !/^https:\/\/[a-zA-Z0-9.-]+(\/[a-zA-Z0-9._~/-]*)?$/.test(issuerUrl)) {
    problems.add({
      input: 'oidcIssuerUrl',
      expected: 'an https:// URL of host and path, without port, query and fragment',
      got: quoteUrl(issuerUrl),
      fix: 'IAM accepts no other issuers: serve the orchestrator\'s issuer on port 443 of a public host.',
    });
  }
}

/** Whether a URL can be parsed. The pattern also accepts hosts such as 999.1.1.1. */
function isUrl(text: string): boolean {
  try {
    return new URL(text).host !== '';
  } catch {
    return false;
  }
}
