import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Overloaded, StorageFull } from '../../common/common.errors';
import { runAsLogin } from '../../database/transactions';
import { AccessDirectory } from '../../tenancy/access-directory';
import { JobTaken, JobWork } from '../../tenancy/job-work';
import { FilesUnavailable } from '../../tenancy/tenancy.errors';
import type { Author } from '../../tenancy/tenant';
import { TenantCache } from '../../tenancy/tenant-cache';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { TenantDatabase } from '../../tenancy/tenant-database';
import { isPassing } from '../passing';
import { OPERATION_KINDS } from './kinds/kinds';
import { LeaseLost, type OperationKind, type OperationRun, Postponed } from './operation-kind';

/** Errors that an operation waits for as well. A member who has left does not come back: that is a failure. */
const ALSO_PASSING = [FilesUnavailable, Overloaded, StorageFull];

/** Request for an import of products. */
export interface WantedImport {
  id: string;
  author: Author;
  input: object;
  /** Imports of the shop that may be open, this one included. */
  most: number;
}

/**
 * Operations that product code does on behalf of a member, in the shop and with the rights of that member. They are done one after
 * the other in a shop, the oldest first, and wait while the shop is closed.
 */
@Injectable()
export class MemberOperations {
  readonly kinds: OperationKind[] = [];

  constructor(
    private readonly database: TenantDatabase,
    private readonly directory: AccessDirectory,
    private readonly cache: TenantCache,
  ) {}

  /** Kinds of all operations, those on whole shops included. */
  get all(): readonly OperationKind[] {
    return [...OPERATION_KINDS, ...this.kinds];
  }

  /** Names the code of a kind, when the module is created. Operations of other kinds wait for a program that knows them. */
  handle<I extends object, C extends object>(kind: OperationKind<I, C>): void {
    this.kinds.push({ ...kind, isOfMember: true } as unknown as OperationKind);
  }

  /**
   * Records an import of products for the shop of the manager, in its transaction, and wakes a worker once that is committed.
   * @param manager received from `TenantConnection.transaction`
   * @returns false if too many are open
   */
  async addImport(manager: EntityManager, { id, author, input, most }: WantedImport): Promise<boolean> {
    const [row] = await runAsLogin<{ ok: boolean }>(manager, (shopId) => [
      'SELECT jobs.add_products_import($1, $2, $3, $4, $5) AS ok',
      [id, shopId, author.userId, JSON.stringify(input), most],
    ]);
    return row?.ok === true;
  }

  /**
   * Does the work in the shop, as the member who asked for it. The connection takes one `transaction`, in which the result is
   * stored as well, so both are there once: a next runner finds it in the checkpoint. Whoever has lost the lease stores nothing.
   * @param requestId request that asked for it, for the record of changes
   * @throws NotAMember, also if the shop is gone; Postponed when shop or program cannot do it at the moment; LeaseLost; errors of
   *   `work`
   */
  async inShop<T>(
    { operation }: OperationRun,
    requestId: string | null,
    work: (connection: TenantConnection) => Promise<T>,
  ): Promise<T> {
    const { id, runner, shopId, byId, kind } = operation;
    const ending = 'SELECT jobs.keep_operation_result($1, $2, $3, $4) AS ok';
    const jobWork = new JobWork((shop, result) => [ending, [id, runner, shop, JSON.stringify(result)]]);
    try {
      const tenant = await this.directory.enter(byId!, shopId!); // a member asked for it, in a shop
      const author = { userId: byId, requestId };
      const origin = {
        ...(requestId !== null && { id: requestId }),
        routeOptions: { url: `operation ${kind}` },
      };
      return await work(
        new TenantConnection(
          { ...origin, tenant, author, jobWork },
          this.database,
          this.directory,
          this.cache,
        ),
      );
    } catch (error) {
      if (error instanceof JobTaken) throw new LeaseLost(error);
      throw isPassing(error, ALSO_PASSING) ? new Postponed(error) : error;
    }
  }
}
