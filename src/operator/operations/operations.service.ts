import { OperatorRoleRequired } from '../accounts/operator.errors';
import type { OperatorRole } from '../accounts/operator-role';
import { Inject, Injectable, type StreamableFile } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import { isId, LAST_ID } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import { ENV, type Env } from '../../config/env';
import { PublicDatabase } from '../../database/control-database';
import { type Page, toPage } from '../../http/page';
import {
  OperationEnded,
  OperationInProgress,
  OperationNotFound,
  OperationNotRetriable,
} from '../../operations/lifecycle/lifecycle.errors';
import {
  queriesOf,
  RESULT_FOR_OPERATORS,
  wantCancellation,
} from '../../operations/lifecycle/operation-store';
import { wakeWorker } from '../../operations/lifecycle/request-operation';
import { fileOf, openFile } from '../../public/operations/operation-file';
import { OperationFileNotFound } from '../../public/operations/operations.errors';
import { recordAudit } from '../../tenancy/audit-log';
import { findShopIds } from '../../tenancy/named-shops';
import { type Operator, operatorEvent } from '../../tenancy/operator';
import type { ListOperationsQuery, OperationDto } from './operations.dto';

const OPERATIONS = `
  SELECT id, kind, shop_id AS "shopId", shop_slug AS "shopSlug", by_kind AS "byKind", by_id AS "byId", state, step, done, total,
    ${RESULT_FOR_OPERATORS}, cancel_wanted AS "cancelWanted", created_at AS "createdAt", started_at AS "startedAt",
    finished_at AS "finishedAt" FROM operations`;

/** SQL condition on an operation: it replaces or removes the data of a shop. */
const IS_DESTRUCTIVE = `(kind IN ('undo-restore', 'purge') OR kind = 'restore' AND input ->> 'over' IS NOT NULL)`;

/**
 * Shows, cancels and retries operations, with the rights of the public login. Not by the service of the commands, which would
 * not write the audit log in the same transaction.
 */
@Injectable()
export class OperationsService {
  constructor(
    private readonly database: PublicDatabase,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** Lists operations, newest first. @throws InvalidCursor */
  async list({
    state,
    kind,
    shop,
    limit,
    cursor = LAST_ID,
  }: ListOperationsQuery): Promise<Page<OperationDto>> {
    if (!isId(cursor)) throw new InvalidCursor();
    const [shopId = null] =
      shop === undefined ? [] : await findShopIds((sql, values) => this.database.read(sql, values), [shop]);
    const rows = await this.database.read<OperationDto>(
      `${OPERATIONS} WHERE id < $1 AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR kind = $3)
         AND ($4::text IS NULL OR shop_slug = $4 OR shop_id = $5) ORDER BY id DESC LIMIT $6`,
      [cursor, state ?? null, kind ?? null, shop ?? null, shopId, limit + 1],
    );
    return toPage(
      rows,
      limit,
      ({ id }) => id,
      (row) => row,
    );
  }

  /** @throws OperationNotFound */
  async get(id: string): Promise<OperationDto> {
    const [row] = await this.database.read<OperationDto>(`${OPERATIONS} WHERE id = $1`, [id]);
    if (row === undefined) throw new OperationNotFound();
    return row;
  }

  /**
   * Opens the file of an export that lies in the configured place. One that a command has written elsewhere is the business
   * of whoever can read that place. The shop's owners find the download in their audit log.
   * @throws OperationNotFound, OperationFileNotFound
   */
  async download(by: Operator, id: string): Promise<StreamableFile> {
    const { shopId, kind, state, result } = await this.get(id);
    const file = kind === 'export' ? fileOf({ state, result }) : null;
    if (file === null || file.expiresAt === null) throw new OperationFileNotFound();
    const opened = await openFile(file, this.env);
    try {
      await this.database.transaction((manager) =>
        recordAudit(manager, operatorEvent(by, 'export.downloaded', shopId, { operation: id })),
      );
      return opened;
    } catch (error) {
      opened.getStream().destroy();
      throw error;
    }
  }

  /**
   * Asks for the end of an operation; its runner, or the next one, undoes what was begun.
   * @throws OperationNotFound, OperationEnded
   */
  async cancel(by: Operator, id: string): Promise<OperationDto> {
    const { shopId, kind } = await this.get(id);
    await this.database.transaction(async (manager) => {
      if (!(await wantCancellation(queriesOf(manager), id))) throw new OperationEnded();
      await wakeWorker(manager);
      await recordAudit(manager, operatorEvent(by, 'operation.cancelled', shopId, { operation: id, kind }));
    });
    return this.get(id);
  }

  /**
   * Returns an operation to the queue that failed, was cancelled or lost its runner. It goes on from its checkpoint.
   * @throws OperationNotFound, OperationNotRetriable; OperatorRoleRequired for what only an administrator may request;
   *   OperationInProgress if another operation of the shop is open
   */
  async retry(by: Operator, role: OperatorRole, id: string): Promise<OperationDto> {
    const { shopId, kind } = await this.get(id);
    if (role !== 'administrator' && (await this.isDestructive(id)))
      throw new OperatorRoleRequired({ detail: 'Only an administrator may request this operation.' });
    try {
      await this.database.transaction(async (manager) => {
        const [row] = await manager.query<{ ok: boolean }[]>('SELECT retry_operation($1, NULL) AS ok', [id]);
        if (row?.ok !== true) throw new OperationNotRetriable();
        await wakeWorker(manager);
        await recordAudit(manager, operatorEvent(by, 'operation.retried', shopId, { operation: id, kind }));
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw new OperationInProgress({ cause: error });
      throw error;
    }
    return this.get(id);
  }

  private async isDestructive(id: string): Promise<boolean> {
    const found = await this.database.read(`SELECT FROM operations WHERE id = $1 AND ${IS_DESTRUCTIVE}`, [
      id,
    ]);
    return found.length > 0;
  }
}
