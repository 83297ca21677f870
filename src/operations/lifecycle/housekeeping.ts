import { adminOf } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { pruneImports } from './import-files';
import type { Tools } from './operation-kind';
import { pruneExports } from './prune-exports';
import { dropReplaced, purgeDeleted } from './queue-removals';

/** Work of every night. It must bear to be broken off and repeated; `signal` is aborted when the process stops. */
export type Housekeeper = (tools: Tools, signal: AbortSignal) => Promise<unknown>;

/** How long operations that have ended are kept. */
const KEPT_DAYS = 90;

/** In this order; one that fails is logged and does not keep the others from their work. */
export const HOUSEKEEPING: readonly Housekeeper[] = [
  purgeDeleted,
  dropReplaced,
  ({ installation, env }) =>
    withClient(adminOf(installation).url, 'exports', (client) => pruneExports(client, env)),
  pruneImports,
  removeOldOperations,
];

/** Does all of it. @throws AggregateError when some of it failed: the job is repeated */
export async function keepHouse(
  tools: Tools,
  signal: AbortSignal,
  housekeepers: readonly Housekeeper[] = HOUSEKEEPING,
): Promise<void> {
  const errors: unknown[] = [];
  for (const work of housekeepers) {
    signal.throwIfAborted();
    try {
      await work(tools, signal);
    } catch (err) {
      tools.logger.warn({ event: 'housekeeping.failed', work: work.name, err });
      errors.push(err);
    }
  }
  if (errors.length > 0)
    throw new AggregateError(errors, `${errors.length} part(s) of the housekeeping failed`);
}

async function removeOldOperations({ installation }: Tools): Promise<void> {
  await withClient(adminOf(installation).url, 'housekeeping', (client) =>
    client.query(`DELETE FROM public.operations WHERE finished_at < now() - interval '${KEPT_DAYS} days'`),
  );
}
