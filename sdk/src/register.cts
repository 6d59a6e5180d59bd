/**
 * `node --require @weir/sdk/register app.cjs`. The package is one ES module; this is its CommonJS door.
 *
 * Node preloads `--require` into the thread that runs loader hooks as well. Nothing of the host happens there, and
 * older releases cannot load an ES module in it.
 */
import { isInternalThread } from 'node:worker_threads';

if (!isInternalThread) {
  (require('./sdk.js') as typeof import('./sdk.ts')).instrument();
}
