/** Deployments that must fail, on the local cloud: `npm test -- --only refused-deployments`. */
import { endToEnd } from './harness';
import { checkFailures } from '../../local/try/failures';

endToEnd(checkFailures);
