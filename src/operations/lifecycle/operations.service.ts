import { Injectable } from '@nestjs/common';
import { isId } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import { PublicDatabase } from '../../database/control-database';
import {
  OperationEnded,
  OperationInProgress,
  OperationNotFound,
  OperationNotRetriable,
} from './lifecycle.errors';
import { findShopIds, shopNotFound } from '../../tenancy/named-shops';
import {
  listOperations,
  type OperationQuery,
  type Queries,
  queriesOf,
  type ShownOperation,
  wantCancellation,
} from './operation-store';
import { wakeWorker } from './request-operation';

/** Shows operators what runs and what ran, cancels and retries it. Needs no admin rights. */
@Injectable()
export class OperationsService {
  constructor(private readonly database: PublicDatabase) {}

  /** @throws ShopNotFound for a shop that neither exists nor has an operation, as a removed one has */
  async list(query: OperationQuery): Promise<ShownOperation[]> {
    const queries: Queries = {
      query: async (sql, values) => ({ rows: await this.database.read(sql, values) }),
    };
    const { shop } = query;
    const [shopId = null] =
      shop === undefined ? [] : await findShopIds((sql, values) => this.database.read(sql, values), [shop]);
    const found = await listOperations(queries, query, shopId);
    const isUnknown = shop !== undefined && shopId === null && found.length === 0;
    if (isUnknown && (await listOperations(queries, { shop, limit: 1 })).length === 0)
      throw shopNotFound(shop);
    return found;
  }

  /** @throws OperationNotFound */
  async get(id: string): Promise<ShownOperation> {
    const [operation] = isId(id) ? await this.list({ id }) : [];
    if (operation === undefined) throw new OperationNotFound({ detail: `No operation has the id ${id}.` });
    return operation;
  }

  /**
   * Asks for the end of an operation: its runner, or a worker if it has none, undoes what it has begun.
   * @throws OperationNotFound, OperationEnded
   */
  async cancel(id: string): Promise<ShownOperation> {
    await this.get(id);
    const isAsked = await this.database.transaction(async (manager) => {
      const isOpen = await wantCancellation(queriesOf(manager), id);
      if (isOpen) await wakeWorker(manager);
      return isOpen;
    });
    const operation = await this.get(id);
    if (!isAsked) throw new OperationEnded({ detail: `The operation has ended as ${operation.state}.` });
    return operation;
  }

  /**
   * Returns an operation to the queue that failed, was cancelled or lost its runner. It goes on from its checkpoint.
   * @param runner with admin rights: the runner that has its lease from the beginning, in place of a worker
   * @throws OperationNotFound, OperationNotRetriable; OperationInProgress if another operation of the shop is open
   */
  async retry(id: string, runner: string | null = null): Promise<ShownOperation> {
    const { state } = await this.get(id);
    try {
      await this.database.transaction(async (manager) => {
        const [row] = await manager.query<{ ok: boolean }[]>('SELECT retry_operation($1, $2) AS ok', [
          id,
          runner,
        ]);
        if (row?.ok !== true) throw new OperationNotRetriable({ detail: `The operation is ${state}.` });
        if (runner === null) await wakeWorker(manager);
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw new OperationInProgress({ cause: error });
      throw error;
    }
    return this.get(id);
  }
}
