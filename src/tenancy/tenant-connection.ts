import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import { READ_ONLY_TRANSACTION, sqlState } from '../common/sqlstate';
import { AccessDirectory } from './access-directory';
import { RoleRequired, TenantRequired } from './tenancy.errors';
import type { Author, TenantAccess, TenantRequest } from './tenant';
import { TenantDatabase } from './tenant-database';

/**
 * `TenantConnection` is the only way to read or write a shop's data: each call runs in one transaction, as the shop's
 * role, in the shop's schema. It is request-scoped and tiny: it holds no connection, opens nothing until it is used,
 * and reads the tenant only then, because Nest builds it before the guards have run.
 *
 * Use only the manager that `work` receives, inside `work`. A manager that is kept refuses to query afterwards.
 */
@Injectable({ scope: Scope.REQUEST })
export class TenantConnection {
  constructor(
    @Inject(REQUEST) private readonly request: TenantRequest,
    private readonly database: TenantDatabase,
    private readonly directory: AccessDirectory,
  ) {}

  /** User and shop of the request. @throws TenantRequired outside a tenant route: there is no default shop */
  get access(): TenantAccess {
    if (this.request.tenant === undefined) throw new TenantRequired();
    return this.request.tenant;
  }

  /** Member and request, for the record of changes. @throws TenantRequired */
  get author(): Author {
    const { userId, isCommand } = this.access;
    return { userId: isCommand === true ? null : userId, requestId: this.request.id ?? null };
  }

  /**
   * Reads in one read-only transaction.
   * @throws TenantRequired; ShopNotReady when a migration has just closed the shop to this program; SQLSTATE 25006 when
   *   `work` writes
   */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.explained((shopId) => this.database.run(shopId, work));
  }

  /**
   * Reads with one statement: preamble, statement and COMMIT share one round trip. For frequent reads.
   * @throws as `run`; OneStatementOnly when `work` sends a second statement
   */
  runOne<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.explained((shopId) => this.database.run(shopId, work, true));
  }

  /**
   * Reads like `run`, but all statements see the data as of one moment, whatever others store meanwhile.
   * @throws as `run`
   */
  snapshot<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.explained((shopId) => this.database.snapshot(shopId, work));
  }

  /**
   * Reads and writes in one transaction, all or nothing. An error from `work` undoes everything. In a POST, the route must
   * answer with what `work` returns: it is stored if the request has an Idempotency-Key. PostgreSQL lets a read-only member
   * write nothing, whatever the route declares.
   * @throws TenantRequired, ShopNotReady, RoleRequired; as TenantDatabase.once for a request with a key
   */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const { keyedWork } = this.request;
    const isReader = this.access.memberRole === 'read_only';
    return this.explained((shopId) =>
      keyedWork === undefined || isReader
        ? this.database.transaction(shopId, work, isReader ? 'READ ONLY' : 'READ WRITE')
        : this.database.once(shopId, keyedWork, work),
    );
  }

  private async explained<T>(inside: (shopId: string) => Promise<T>): Promise<T> {
    const { access } = this;
    try {
      return await inside(access.shopId);
    } catch (error) {
      if (access.memberRole === 'read_only' && sqlState(error) === READ_ONLY_TRANSACTION)
        throw new RoleRequired({ cause: error });
      throw await this.directory.explain(error, access);
    }
  }
}
