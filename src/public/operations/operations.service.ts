import { Inject, Injectable, type StreamableFile } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidCursor } from '../../common/common.errors';
import { isId, LAST_ID } from '../../common/ids';
import { ENV, type Env } from '../../config/env';
import { PublicDatabase } from '../../database/control-database';
import type { Caller } from '../../http/caller.decorator';
import { type Page, toPage } from '../../http/page';
import {
  findOperation,
  type Operation,
  queriesOf,
  RESULT_FOR_OPERATORS,
  wantCancellation,
} from '../../operations/lifecycle/operation-store';
import { requestOperation, wakeWorker } from '../../operations/lifecycle/request-operation';
import { recordAudit } from '../../tenancy/audit-log';
import type { KeyedTransaction } from '../../tenancy/keyed.decorator';
import { hasRole, requireRole } from '../../tenancy/member-role';
import type { MemberRole, TenantAccess } from '../../tenancy/tenant';
import { fileOf, openFile } from './operation-file';
import {
  type ListOperationsQuery,
  MEMBERS_KINDS,
  type OperationDto,
  type OperationItem,
  type OperationItemDto,
  toOperationDto,
  toOperationItemDto,
} from './operations.dto';
import { OperationEnded, OperationNotFound } from '../../operations/lifecycle/lifecycle.errors';
import { OperationFileNotFound } from './operations.errors';

/**
 * Operations that members ask for. This process only records them: one with admin rights runs them. The table is in
 * `public`, so every query has the shop as a condition.
 */
@Injectable()
export class OperationsService {
  constructor(
    private readonly database: PublicDatabase,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** Asks for an export of the shop. @throws OperationInProgress */
  export({ shopId, userId }: TenantAccess, keyed: KeyedTransaction): Promise<OperationDto> {
    return keyed.run(
      this.database,
      async (manager) => {
        const [shop] = await manager.query<{ slug: string }[]>('SELECT slug FROM shops WHERE id = $1', [
          shopId,
        ]);
        const id = await requestOperation(manager, {
          kind: 'export',
          shop: { id: shopId, slug: shop!.slug }, // the guard has found it
          by: { kind: 'member', id: userId },
          input: { shop: shopId, out: null },
          isExclusive: true,
        });
        return toOperationDto(await ofShop(manager, shopId, id));
      },
      shopId,
    );
  }

  /** Lists the operations that the member may see, newest first. @throws InvalidCursor */
  async list(
    { shopId, memberRole }: TenantAccess,
    { state, limit, cursor = LAST_ID }: ListOperationsQuery,
  ): Promise<Page<OperationItemDto>> {
    if (!isId(cursor)) throw new InvalidCursor();
    const kinds = MEMBERS_KINDS.filter((kind) => hasRole(memberRole, roleFor({ kind })));
    const rows = await this.database.read<OperationItem>(
      `SELECT id, kind, state, done, total, ${RESULT_FOR_OPERATORS}, created_at AS "createdAt", finished_at AS "finishedAt"
       FROM operations WHERE shop_id = $1 AND by_kind = 'member' AND kind = ANY ($2) AND id < $3
         AND ($4::text IS NULL OR state = $4) ORDER BY id DESC LIMIT $5`,
      [shopId, kinds, cursor, state ?? null, limit + 1],
    );
    return toPage(rows, limit, ({ id }) => id, toOperationItemDto);
  }

  /** @throws OperationNotFound, also for one that an operator asked for; OwnerRequired for an export, which only owners ask for */
  async get({ shopId, memberRole }: TenantAccess, id: string): Promise<OperationDto> {
    const operation = await this.database.run((manager) => ofShop(manager, shopId, id));
    requireRole(memberRole, roleFor(operation));
    return toOperationDto(operation);
  }

  /**
   * Asks for the end of an operation; its runner, or the next one, undoes what was begun.
   * @throws OperationNotFound, OwnerRequired, OperationEnded
   */
  cancel(
    { shopId, userId, memberRole }: TenantAccess,
    { requestId }: Caller,
    keyed: KeyedTransaction,
    id: string,
  ): Promise<OperationDto> {
    return keyed.run(
      this.database,
      async (manager) => {
        const operation = await ofShop(manager, shopId, id);
        requireRole(memberRole, roleFor(operation));
        if (!(await wantCancellation(queriesOf(manager), id))) throw new OperationEnded();
        await wakeWorker(manager);
        await recordAudit(manager, {
          ...{ action: 'operation.cancelled', actorId: userId, shopId, requestId },
          details: { by: 'member', operation: id, kind: operation.kind },
        });
        return toOperationDto(operation);
      },
      shopId,
    );
  }

  /** Opens the file of an operation, wherever it is. @throws OperationNotFound, OperationFileNotFound */
  async download({ shopId }: TenantAccess, id: string): Promise<StreamableFile> {
    const file = fileOf(await this.database.run((manager) => ofShop(manager, shopId, id)));
    if (file === null) throw new OperationFileNotFound();
    return openFile(file, this.env);
  }
}

/** Least role that may see and cancel an operation: that of asking for it. */
function roleFor({ kind }: Pick<Operation, 'kind'>): MemberRole {
  return kind === 'export' ? 'owner' : 'staff';
}

async function ofShop(manager: EntityManager, shopId: string, id: string): Promise<Operation> {
  const operation = await findOperation(queriesOf(manager), id);
  if (operation === null || operation.shopId !== shopId || operation.byKind !== 'member')
    throw new OperationNotFound();
  return operation;
}
