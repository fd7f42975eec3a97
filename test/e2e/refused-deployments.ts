/** Deployments that must fail on the local cloud. Run with `npm test -- --only refused-deployments`. */
import { endToEnd } from './harness';
import { checkFailures } from '../../local/try/failures';

endToEnd(checkFailures);
