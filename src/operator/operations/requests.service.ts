import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ENV, type Env } from '../../config/env';
import { PublicDatabase } from '../../database/control-database';
import { placeOf } from '../../operations/lifecycle/backup-files';
import type { NewOperation } from '../../operations/lifecycle/operation-store';
import { requestOperation } from '../../operations/lifecycle/request-operation';
import { configuredTarget, openTarget } from '../../operations/lifecycle/targets/open-target';
import { ShopStatusService } from '../../public/shops/shop-status.service';
import { recordAudit } from '../../tenancy/audit-log';
import { findShopIds } from '../../tenancy/named-shops';
import { actorOf, type Operator, operatorEvent } from '../../tenancy/operator';
import { SlugTaken } from '../../tenancy/tenancy.errors';
import { type ConfirmDto, confirmShop, findNamedShop } from '../shops/shop-name';
import { BackupNotFound, BackupsService } from './backups.service';
import type {
  CloneDto,
  OperationDto,
  PurgeDto,
  RehearseDto,
  RestoreAsDto,
  RestoreOverDto,
} from './operations.dto';
import { OperationsService } from './operations.service';

/**
 * Requests long operations. This process needs no admin rights: it records what is wanted, and a process that has them
 * runs it. The shop's owners find each request in their audit log.
 */
@Injectable()
export class RequestsService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly backups: BackupsService,
    private readonly operations: OperationsService,
    private readonly statuses: ShopStatusService,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** Saves a shop as the settings say: where, and for whom encrypted. @throws ShopNotFound */
  async backUp(by: Operator, name: string): Promise<OperationDto> {
    const shop = await findNamedShop(this.database, name);
    const { location } = await openTarget(configuredTarget(this.env), this.env);
    const isEncrypted = (this.env.BACKUP_RECIPIENTS ?? []).length > 0;
    const input = { shops: [shop.id], target: location, keep: null, isEncrypted, concurrency: 1 };
    return this.request(by, { kind: 'backup', shop, isExclusive: false, input });
  }

  /** Replaces the data of a shop. @throws ShopNotFound, ConfirmationWrong, BackupNotFound, OperationInProgress */
  async restoreOver(
    by: Operator,
    name: string,
    { backupId, tables, confirm }: RestoreOverDto,
  ): Promise<OperationDto> {
    const shop = await confirmShop(this.database, name, { confirm });
    const backup = await this.backups.get(backupId);
    if (backup.shopId !== shop.id) throw new BackupNotFound();
    const input = { file: placeOf(backup), as: null, over: shop.id, tables: tables ?? null };
    return this.request(by, { kind: 'restore', shop, isExclusive: true, input });
  }

  /** Makes a new shop of a backup. @throws BackupNotFound, SlugTaken */
  async restoreAs(by: Operator, backupId: string, { slug }: RestoreAsDto): Promise<OperationDto> {
    const backup = await this.backups.get(backupId);
    await this.assertFree(slug ?? backup.shopSlug);
    const input = { file: placeOf(backup), as: slug ?? null, over: null, tables: null };
    return this.request(by, { kind: 'restore', shop: null, isExclusive: false, input }, backup.shopId);
  }

  /** Brings the data of before the last restore back. @throws ShopNotFound, ConfirmationWrong, OperationInProgress */
  async undoRestore(by: Operator, name: string, confirmation: ConfirmDto): Promise<OperationDto> {
    const shop = await confirmShop(this.database, name, confirmation);
    return this.request(by, { kind: 'undo-restore', shop, isExclusive: true, input: { shop: shop.id } });
  }

  /** Makes a new shop with the data that a shop has now. @throws ShopNotFound, SlugTaken */
  async clone(
    by: Operator,
    name: string,
    { slug, name: newName, without = [], anonymise = false }: CloneDto,
  ): Promise<OperationDto> {
    const shop = await findNamedShop(this.database, name);
    await this.assertFree(slug);
    const input = { shop: shop.id, as: slug, name: newName ?? null, without, isAnonymised: anonymise };
    return this.request(by, { kind: 'clone', shop, isExclusive: false, input });
  }

  /** Writes everything of a shop into a zip, which is kept for 7 days. @throws ShopNotFound, OperationInProgress */
  async export(by: Operator, name: string): Promise<OperationDto> {
    const shop = await findNamedShop(this.database, name);
    return this.request(by, { kind: 'export', shop, isExclusive: true, input: { shop: shop.id, out: null } });
  }

  /**
   * Deletes a shop for its members and removes it for good, or does neither.
   * @throws ShopNotFound, ConfirmationWrong, OperationInProgress
   */
  async purge(by: Operator, name: string, { confirm, archive = true }: PurgeDto): Promise<OperationDto> {
    const shop = await confirmShop(this.database, name, { confirm });
    const input = { shop: shop.id, isArchived: archive };
    const id = await this.database.transaction(async (manager) => {
      await this.statuses.removeInside(manager, shop.id, actorOf(by));
      return queue(manager, by, { kind: 'purge', shop, isExclusive: true, input }, shop.id);
    });
    return this.operations.get(id);
  }

  /** Reads a whole backup file and compares it with what was recorded. @throws BackupNotFound */
  async verifyBackup(by: Operator, backupId: string): Promise<OperationDto> {
    const backup = await this.backups.get(backupId);
    const input = { file: placeOf(backup) };
    return this.request(by, { kind: 'verify-backup', shop: null, isExclusive: false, input }, null);
  }

  /** Restores the newest backups as scratch shops, inspects and removes them. */
  rehearse(by: Operator, { newest }: RehearseDto): Promise<OperationDto> {
    return this.request(by, { kind: 'rehearse', shop: null, isExclusive: false, input: { newest } });
  }

  /** Refuses at once what the end of the operation would refuse. @throws SlugTaken */
  private async assertFree(slug: string): Promise<void> {
    const [taken] = await findShopIds((sql, values) => this.database.read(sql, values), [slug]);
    if (taken !== null) throw new SlugTaken();
  }

  /** @param shopId shop whose owners should know */
  private async request(
    by: Operator,
    wanted: Omit<NewOperation, 'by'>,
    shopId: string | null = wanted.shop?.id ?? null,
  ): Promise<OperationDto> {
    const id = await this.database.transaction((manager) => queue(manager, by, wanted, shopId));
    return this.operations.get(id);
  }
}

/** Records the operation and who asked for it. @throws OperationInProgress */
async function queue(
  manager: EntityManager,
  by: Operator,
  wanted: Omit<NewOperation, 'by'>,
  shopId: string | null,
): Promise<string> {
  const operation = await requestOperation(manager, { ...wanted, by: { kind: 'operator', id: by.actorId } });
  const details = { operation, kind: wanted.kind };
  await recordAudit(manager, operatorEvent(by, 'operation.queued', shopId, details));
  return operation;
}
