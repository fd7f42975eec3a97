/** Deployments that must fail, on the local cloud: `npm test -- --only failures`. */
import { endToEnd } from './harness';
import { checkFailures } from '../../local/try/failures';

endToEnd(checkFailures);
