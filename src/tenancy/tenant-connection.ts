import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import type { AppErrorClass } from '../common/app-error';
import { READ_ONLY_TRANSACTION, sqlState } from '../common/sqlstate';
import { AccessDirectory } from './access-directory';
import type { FeatureName } from './features';
import type { WriteMode } from './preamble';
import type { ShopSettings } from './shop-settings';
import { RoleRequired, ShopReadOnly, TenantRequired } from './tenancy.errors';
import type { Author, TenantAccess, TenantRequest } from './tenant';
import { TenantCache, writtenIn } from './tenant-cache';
import { TenantDatabase, type TenantUse } from './tenant-database';

type Work<T> = (manager: EntityManager) => Promise<T>;

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
    private readonly cache: TenantCache,
  ) {}

  /** User and shop of the request. @throws TenantRequired outside a tenant route: there is no default shop */
  get access(): TenantAccess {
    if (this.request.tenant === undefined) throw new TenantRequired();
    return this.request.tenant;
  }

  /**
   * Settings of the shop that are in force: time zone, language, prefix of orders and so on. They come with the access, so
   * they cost no query and may be 5 s old. @throws TenantRequired
   */
  get settings(): Readonly<ShopSettings> {
    return this.access.settings;
  }

  /** Requires a feature of the shop, for work that is not a whole route. @throws FeatureOff, TenantRequired */
  requireFeature(name: FeatureName): Promise<void> {
    return this.directory.requireFeature(this.access, name);
  }

  /** Member and request, for the record of changes; of a job, those that added it. @throws TenantRequired */
  get author(): Author {
    if (this.request.author !== undefined) return this.request.author;
    const { userId, isCommand } = this.access;
    return { userId: isCommand === true ? null : userId, requestId: this.request.id ?? null };
  }

  /**
   * Reads in one read-only transaction.
   * @throws TenantRequired; ShopNotReady when a migration has just closed the shop to this program; SQLSTATE 25006 when
   *   `work` writes
   */
  run<T>(work: Work<T>): Promise<T> {
    return this.explained((access) => this.database.run(this.useOf(access), work));
  }

  /**
   * Reads with one statement: preamble, statement and COMMIT share one round trip. For frequent reads.
   * @throws as `run`; OneStatementOnly when `work` sends a second statement
   */
  runOne<T>(work: Work<T>): Promise<T> {
    return this.explained((access) => this.database.run(this.useOf(access), work, true));
  }

  /**
   * Reads like `run`, but all statements see the data as of one moment, whatever others store meanwhile.
   * @throws as `run`
   */
  snapshot<T>(work: Work<T>): Promise<T> {
    return this.explained((access) => this.database.snapshot(this.useOf(access), work));
  }

  /**
   * Reads and writes in one transaction, all or nothing. An error from `work` undoes everything. In a POST, the route must
   * answer with what `work` returns: it is stored if the request has an Idempotency-Key. A job ends in the same transaction. PostgreSQL lets nobody write in a
   * read-only shop, and a read-only member in no shop, whatever the route declares. Access is checked at the beginning and
   * before COMMIT, with the same cache as in the guard: an import may last longer than a grant.
   * @throws TenantRequired, NotAMember, ShopSuspended, ShopNotReady, RoleRequired, ShopReadOnly; as TenantDatabase.once for
   *   a request with a key
   */
  async transaction<T>(work: Work<T>): Promise<T> {
    const access = await this.checkedAccess();
    const Refusal = refusalOf(access);
    const written = new Set<string>();
    try {
      return await (Refusal === undefined
        ? this.begin(access, this.checkedAfter(noted(work, written)), 'READ WRITE')
        : this.begin(access, work, 'READ ONLY'));
    } catch (error) {
      if (Refusal !== undefined && sqlState(error) === READ_ONLY_TRANSACTION)
        throw new Refusal({ cause: error });
      throw await this.directory.explain(error, access);
    } finally {
      if (Refusal === undefined) await this.cache.forget(access, written); // also when nobody knows whether it was stored
    }
  }

  /** Access of this request as it is now. */
  private checkedAccess(): Promise<TenantAccess> {
    const { userId, shopId } = this.access;
    return this.directory.enter(userId, shopId);
  }

  /** The work, refused if its member may no longer write when it is done. */
  private checkedAfter<T>(work: Work<T>): Work<T> {
    return async (manager) => {
      const result = await work(manager);
      const Refusal = refusalOf(await this.checkedAccess());
      if (Refusal !== undefined) throw new Refusal();
      return result;
    };
  }

  private begin<T>(access: TenantAccess, work: Work<T>, mode: WriteMode): Promise<T> {
    const { keyedWork, jobWork } = this.request;
    const use = this.useOf(access);
    if (jobWork !== undefined) return jobWork.once((all) => this.database.transaction(use, all, mode), work);
    return keyedWork === undefined || access.memberRole === 'read_only'
      ? this.database.transaction(use, work, mode)
      : this.database.once(use, keyedWork, work, mode);
  }

  private useOf({ shopId, allowance }: TenantAccess): TenantUse {
    return { shopId, allowance, origin: this.request };
  }

  private async explained<T>(inside: (access: TenantAccess) => Promise<T>): Promise<T> {
    const { access } = this;
    try {
      return await inside(access);
    } catch (error) {
      throw await this.directory.explain(error, access);
    }
  }
}

/** The work, which tells what it has written. */
function noted<T>(work: Work<T>, written: Set<string>): Work<T> {
  return async (manager) => {
    try {
      return await work(manager);
    } finally {
      for (const resource of writtenIn(manager)) written.add(resource);
    }
  };
}

/** Error for each write of the member, if they may not write. */
function refusalOf({ memberRole, isReadOnly }: TenantAccess): AppErrorClass | undefined {
  if (memberRole === 'read_only') return RoleRequired;
  return isReadOnly ? ShopReadOnly : undefined;
}
