import { API_URL_VARIABLE } from '../wire';
import { LifecycleError } from './event';
import { short } from './log';

/** The host of every ResponseURL. @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html */
const RESPONSE_HOST = /^cloudformation-custom-resource-response-[a-z0-9]+\.s3(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d+)?\.amazonaws\.com(?:\.cn)?$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Variable that only the local emulator and the tests set. Neither a template nor an event can set it. */
const isLocal = () => process.env.ALLOW_LOCAL_RESPONSE_URL === 'true';

/**
 * Rejects a ResponseURL that is not one of CloudFormation, so that callers who can invoke the function cannot choose where it connects to.
 *
 * @throws without the URL, whose query is a credential
 */
export function checkResponseUrl(text: string): void {
  const url = parse(text);
  if (!(url && (url.protocol === 'https:' && RESPONSE_HOST.test(url.host) || isLocalHttp(url)))) {
    throw new Error('The ResponseURL of the event is not one of CloudFormation, so the event is neither carried out nor answered.');
  }
}

/** The API that the function was deployed for. An event cannot name another one, as the API token is sent there. */
export function apiUrl(): string {
  const text = process.env[API_URL_VARIABLE] ?? '';
  const url = parse(text);
  if (!url || !(url.protocol === 'https:' || isLocalHttp(url)) || url.username || url.password || url.search || url.hash) {
    // Without user and query, because both can contain a password.
    throw new LifecycleError(`The API URL of the orchestrator is ${url ? `'${short(`${url.protocol}//${url.host}${url.pathname}`, 100)}'` : 'no URL'}`
      + `${url?.username || url?.password || url?.search || url?.hash ? ' with credentials, a query or a fragment' : ''}. `
      + 'Expected an https:// URL without credentials, query and fragment: correct apiUrl, then deploy again.');
  }
  return text.replace(/\/+$/, '');
}

function isLocalHttp({ protocol, hostname }: URL): boolean {
  return isLocal() && protocol === 'http:' && LOOPBACK.test(hostname);
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
