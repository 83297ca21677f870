import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnreadableCsv } from '../../common/csv-records';
import { newId } from '../../common/ids';
import { TenantConnection } from '../../tenancy/tenant-connection';
import { type ImportOptions, type ImportReportDto, SEPARATOR_NAMES } from './import.dto';
import { ImportReport } from './imports/import-report';
import { Import } from './imports/import.entity';
import { forgetOldChanges, waitForImports } from './imports/import-log';
import { inTurn, retried } from './imports/import-turns';
import { CatalogueWriter } from './shopify/catalogue-writer';
import { ShopifyCsv } from './shopify/shopify-csv';
import { type Dialect, findDialect, type SourceFile } from './shopify/shopify-dialect';
import { ImportRejected, NotACatalogueFile } from './transfer.errors';

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
      return await inTurn(this.tenant.access.shopId, () => this.readAndStore(file, options));
    } catch (error) {
      if (error instanceof UnreadableCsv) throw new NotACatalogueFile({ detail: error.detail, cause: error });
      throw error;
    }
  }

  /** Reads the file as far as it can without the database: PostgreSQL ends transactions that idle. */
  private async readAndStore(file: SourceFile, options: ImportOptions): Promise<ImportReportDto> {
    const { encoding, separator, currency, decimal = 'point' } = options;
    const wanted = separator && SEPARATOR_NAMES[separator];
    const dialect = await findDialect(file, { encoding, separator: wanted });
    const csv = await ShopifyCsv.open(dialect, {
      ...{ currency: currency ?? this.tenant.access.currency, decimal },
      isCurrencyNamed: currency !== undefined,
    });
    try {
      return await retried(() => this.attempt(csv, dialect, options));
    } finally {
      await csv.close();
    }
  }

  private async attempt(csv: ShopifyCsv, dialect: Dialect, options: ImportOptions): Promise<ImportReportDto> {
    const report = new ImportReport(dialect, options);
    try {
      return await this.tenant.transaction(async (manager) => {
        await this.store(manager, csv, dialect.sha256, options, report);
        if (options.isDryRun) throw new DryRunEnded();
        return report.dto;
      });
    } catch (error) {
      if (error instanceof DryRunEnded) return report.dto;
      throw error;
    }
  }

  private async store(
    manager: EntityManager,
    csv: ShopifyCsv,
    sha256: string,
    { mode, onProgress }: ImportOptions,
    report: ImportReport,
  ): Promise<void> {
    const { access, author } = this.tenant;
    const createdBy = access.userId;
    await waitForImports(manager);
    const id = newId();
    await manager.insert(Import, { id, sha256, mode, counts: {}, createdBy });
    const writer = new CatalogueWriter(
      manager,
      { reason: 'import', createdBy, importId: id, author },
      report,
    );
    for await (const group of csv.groups())
      if (group === null) await writer.stayAlive();
      else if (await writer.add(group)) onProgress?.(report.rows, csv.rows);
    await writer.finish();
    onProgress?.(report.rows, csv.rows);
    report.finish(id, csv.notStored);
    if (mode === 'atomic' && report.skippedRows > 0)
      throw new ImportRejected({
        detail: `${report.skippedRows} of ${report.rows} rows have problems.`,
        errors: report.problems,
      });
    await manager.update(Import, { id }, { counts: report.totals });
    await forgetOldChanges(manager);
  }
}
