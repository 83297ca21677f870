import { Injectable } from '@nestjs/common';
import { InvalidCursor } from '../../../common/common.errors';
import { isId, LAST_ID } from '../../../common/ids';
import { type Page, type PageQuery, toPage } from '../../../http/page';
import { TenantConnection } from '../../../tenancy/tenant-connection';
import { type ImportDto, toImportDto } from '../import.dto';
import { ImportNotFound, ImportTooOld, ImportUndone } from '../transfer.errors';
import { Import } from './import.entity';
import { KEPT_DAYS, waitForImports } from './import-log';
import { inTurn, retried } from './import-turns';
import { ImportUndo } from './import-undo';

const DAY_MS = 86_400_000;

/** Imports of products, and their undoing. */
@Injectable()
export class ImportsService {
  constructor(private readonly tenant: TenantConnection) {}

  /** Newest first. */
  async list({ limit, cursor }: PageQuery): Promise<Page<ImportDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const imports = await this.tenant.runOne((manager) =>
      manager
        .createQueryBuilder(Import, 'i')
        .where('i.id < :cursor', { cursor: cursor ?? LAST_ID })
        .orderBy('i.id', 'DESC')
        .limit(limit + 1)
        .getMany(),
    );
    return toPage(imports, limit, ({ id }) => id, toImportDto);
  }

  get(id: string): Promise<ImportDto> {
    return this.tenant.runOne(async (manager) => {
      const found = await manager.findOneBy(Import, { id });
      if (found === null) throw new ImportNotFound();
      return toImportDto(found);
    });
  }

  /**
   * Restores what the import has changed and removes what it has created, all or nothing.
   * @throws ImportNotFound, ImportUndone, ImportTooOld; ImportTouched when one of its fields was changed since
   */
  undo(id: string): Promise<ImportDto> {
    return inTurn(this.tenant.access.shopId, () => retried(() => this.attempt(id)));
  }

  private attempt(id: string): Promise<ImportDto> {
    const { access, author } = this.tenant;
    const { userId } = access;
    return this.tenant.transaction(async (manager) => {
      await waitForImports(manager);
      const found = await manager.findOneBy(Import, { id });
      if (found === null) throw new ImportNotFound();
      if (found.undoneAt !== null) throw new ImportUndone();
      if (found.createdAt.getTime() < Date.now() - KEPT_DAYS * DAY_MS) throw new ImportTooOld();
      await new ImportUndo(manager, id, { userId, author }).run();
      const undone = { undoneBy: userId, undoneAt: new Date() };
      await manager.update(Import, { id }, undone);
      return toImportDto({ ...found, ...undone });
    });
  }
}
