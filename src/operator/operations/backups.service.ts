import { Injectable } from '@nestjs/common';
import { defineError } from '../../common/app-error';
import { InvalidCursor } from '../../common/common.errors';
import { isId, LAST_ID } from '../../common/ids';
import { PublicDatabase } from '../../database/control-database';
import { type Page, toPage } from '../../http/page';
import { findShopIds } from '../../tenancy/named-shops';
import type { BackupDto, ListBackupsQuery } from './operations.dto';

export const BackupNotFound = defineError('BACKUP_NOT_FOUND', 404, 'There is no such backup of this shop.');

const BACKUPS = `
  SELECT id, shop_id AS "shopId", shop_slug AS "shopSlug", target, file, bytes, rows, is_encrypted AS "isEncrypted",
    snapshot_at AS "snapshotAt" FROM backups`;

/** Backup files that are recorded. Restores name one of these, never a path. */
@Injectable()
export class BackupsService {
  constructor(private readonly database: PublicDatabase) {}

  /** Lists backups, newest first. @throws InvalidCursor */
  async list({ shop, limit, cursor = LAST_ID }: ListBackupsQuery): Promise<Page<BackupDto>> {
    if (!isId(cursor)) throw new InvalidCursor();
    const shopId = shop === undefined ? null : await this.findShopId(shop);
    const rows = await this.database.read<BackupDto>(
      `${BACKUPS} WHERE id < $1 AND ($2::text IS NULL OR shop_slug = $2 OR shop_id = $3) ORDER BY id DESC LIMIT $4`,
      [cursor, shop ?? null, shopId, limit + 1],
    );
    return toPage(
      rows,
      limit,
      ({ id }) => id,
      (row) => row,
    );
  }

  /** @throws BackupNotFound */
  async get(id: string): Promise<BackupDto> {
    const [row] = await this.database.read<BackupDto>(`${BACKUPS} WHERE id = $1`, [id]);
    if (row === undefined) throw new BackupNotFound();
    return row;
  }

  private async findShopId(name: string): Promise<string | null> {
    const [id = null] = await findShopIds((sql, values) => this.database.read(sql, values), [name]);
    return id ?? (isId(name) ? name : null);
  }
}
