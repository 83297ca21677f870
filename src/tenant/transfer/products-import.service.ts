import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnreadableCsv } from '../../common/csv-records';
import { newId } from '../../common/ids';
import { Semaphore } from '../../common/semaphore';
import { isContention, isUniqueViolation } from '../../common/sqlstate';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { type ImportOptions, type ImportReportDto, SEPARATOR_NAMES } from './import.dto';
import { ImportReport } from './imports/import-report';
import { Import } from './imports/import.entity';
import { forgetOldChanges, waitForImports } from './imports/import-log';
import { CatalogueWriter } from './shopify/catalogue-writer';
import { readShopifyCsv } from './shopify/shopify-csv';
import { type Dialect, findDialect, type SourceFile } from './shopify/shopify-dialect';
import { ImportRejected, NotACatalogueFile } from './transfer.errors';

/** Attempts after a deadlock, a lock that came too late, or a handle that another request took meanwhile. */
const ATTEMPTS = 20;

/** An import holds a connection; the others of a process wait. */
const semaphore = new Semaphore(2, 20);

/** Thrown to roll back. */
class DryRunEnded extends Error {}

/** Loads a Shopify product CSV into the shop, in one transaction and in bounded memory. */
@Injectable()
export class ProductsImportService {
  constructor(private readonly tenant: TenantConnection) {}

  /**
   * Imports into one shop wait for each other.
   * @param file must be fast to read, because a transaction stays open meanwhile
   * @throws NotACatalogueFile, EncodingUnclear, SeparatorUnclear; ImportRejected in mode `atomic` when a row has a problem.
   *   After an error nothing is stored
   */
  async import(file: SourceFile, options: ImportOptions): Promise<ImportReportDto> {
    try {
      const wanted = options.separator && SEPARATOR_NAMES[options.separator];
      const dialect = await findDialect(file, { encoding: options.encoding, separator: wanted });
      return await semaphore.run(() => this.attempt(dialect, options, ATTEMPTS));
    } catch (error) {
      if (error instanceof UnreadableCsv) throw new NotACatalogueFile({ detail: error.detail, cause: error });
      throw error;
    }
  }

  private async attempt(
    dialect: Dialect,
    options: ImportOptions,
    attempts: number,
  ): Promise<ImportReportDto> {
    const report = new ImportReport(dialect, options);
    try {
      return await this.tenant.transaction(async (manager) => {
        await this.store(manager, dialect, options, report);
        if (options.isDryRun) throw new DryRunEnded();
        return report.dto;
      });
    } catch (error) {
      if (error instanceof DryRunEnded) return report.dto;
      if (attempts > 1 && (isContention(error) || isUniqueViolation(error)))
        return this.attempt(dialect, options, attempts - 1);
      throw error;
    }
  }

  private async store(
    manager: EntityManager,
    dialect: Dialect,
    { mode, currency, decimal = 'point', onProgress }: ImportOptions,
    report: ImportReport,
  ): Promise<void> {
    const { userId, currency: own } = this.tenant.access;
    await waitForImports(manager);
    const id = newId();
    const { sha256 } = dialect;
    await manager.insert(Import, { id, sha256, mode, counts: {}, createdBy: userId });
    const writer = new CatalogueWriter(
      manager,
      { reason: 'import', createdBy: userId, importId: id },
      report,
    );
    const notStored = new Set<string>();
    const reading = { currency: currency ?? own, isCurrencyNamed: currency !== undefined, decimal };
    const groups = readShopifyCsv(dialect, reading, notStored);
    for await (const group of groups) if (await writer.add(group)) onProgress?.(report.rows);
    await writer.finish();
    onProgress?.(report.rows);
    report.finish(id, notStored);
    if (mode === 'atomic' && report.skippedRows > 0)
      throw new ImportRejected({
        detail: `${report.skippedRows} of ${report.rows} rows have problems.`,
        errors: report.problems,
      });
    await manager.update(Import, { id }, { counts: report.totals });
    await forgetOldChanges(manager);
  }
}
