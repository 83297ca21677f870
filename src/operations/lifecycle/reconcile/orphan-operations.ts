import type { EngineClient } from '../../../database/engine-client';
import { findInterruptedOperations } from '../../drift/installation/operations';
import { OPERATION_KINDS, PRODUCTS_IMPORT } from '../kinds/kinds';
import type { Tools } from '../operation-kind';
import { OperationRunner } from '../operation-runner';
import { findOperation } from '../operation-store';
import type { Orphan } from './orphan';

function adviceFor(kind: string, id: string, isKnown: boolean): string {
  if (isKnown) return 'go on with it from its last checkpoint, or undo it';
  if (kind === PRODUCTS_IMPORT) return `start a worker, or operations:retry ${id}`; // code of the application, which this command does not load
  return 'run it with the program that knows this kind';
}

/** Finds operations that nobody runs. Fixed by running them to their end, which undoes those that cannot be done. */
export async function findOrphanOperations(
  client: EngineClient,
  tools: Tools,
  signal: AbortSignal,
): Promise<Orphan[]> {
  const orphans: Orphan[] = [];
  for (const { check, object: id, detail } of await findInterruptedOperations(client)) {
    const operation = await findOperation(client, id);
    if (operation === null) continue;
    const isKnown = OPERATION_KINDS.some(({ name }) => name === operation.kind);
    const fix = async () => {
      const ended = await new OperationRunner(tools, OPERATION_KINDS).run(id, { signal, onStop: 'release' });
      if (ended === null) return 'another process has taken it';
      if (ended.state === 'queued') throw new Error('it was interrupted again');
      return `it ended as ${ended.state}${ended.error === null ? '' : `: ${ended.error.message}`}`;
    };
    orphans.push({
      check,
      shop: operation.shopSlug,
      object: `operation ${id}`,
      detail,
      advice: adviceFor(operation.kind, id, isKnown),
      fix: isKnown ? fix : null,
    });
  }
  return orphans;
}
