import type { EntityManager } from 'typeorm';
import { addJob } from '../jobs/add-job';
import { type NewOperation, type Queries, queueOperation } from './operation-store';

/** Task that wakes a worker: there is an operation to run. */
export const OPERATION_TASK = 'operation';

/**
 * Requests an operation in the transaction of the manager, which may be that of the public login. A process with admin
 * rights runs it once that is committed.
 * @returns id of the operation
 * @throws OperationInProgress if it is exclusive and another of the shop is open
 */
export async function requestOperation(manager: EntityManager, wanted: NewOperation): Promise<string> {
  const id = await queueOperation(queriesOf(manager), wanted);
  await wakeWorker(manager);
  return id;
}

/** Wakes a worker once the transaction of the manager is committed; without that, it looks within seconds. */
export async function wakeWorker(manager: EntityManager): Promise<void> {
  await addJob(manager, OPERATION_TASK, {}); // without a key, for which transactions would wait for one another
}

function queriesOf(manager: EntityManager): Queries {
  return { query: async (sql, values) => ({ rows: await manager.query(sql, values) }) };
}
