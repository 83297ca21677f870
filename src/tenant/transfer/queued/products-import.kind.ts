import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ENCODINGS } from '../../../common/text-encoding';
import { NamelessFile } from '../../../http/nameless-file';
import { PRODUCTS_IMPORT } from '../../../operations/lifecycle/kinds/kinds';
import { importFile } from '../../../operations/lifecycle/import-files';
import { isFinalFailure } from '../../../operations/lifecycle/operation-failure';
import type { OperationRun } from '../../../operations/lifecycle/operation-kind';
import { MemberOperations } from '../../../operations/lifecycle/member-operations';
import { Quotas } from '../../../tenancy/quotas';
import { FileNotFound } from '../../../tenancy/tenancy.errors';
import { TenantFiles } from '../../../tenancy/tenant-files';
import {
  IMPORT_MODES,
  type ImportOptions,
  type ImportReportDto,
  SEPARATOR_NAMES,
  type SeparatorName,
} from '../import.dto';
import { ProductsImportService } from '../products-import.service';

export const queuedImport = z.object({
  /** Request that asked for it. */
  requestId: z.string().nullable(),
  options: z.object({
    mode: z.enum(IMPORT_MODES),
    currency: z.string().optional(),
    encoding: z.enum(ENCODINGS).optional(),
    separator: z.enum(Object.keys(SEPARATOR_NAMES) as SeparatorName[]).optional(),
    decimal: z.enum(['point', 'comma']).optional(),
    isDryRun: z.boolean().optional(),
  }),
});
export type QueuedImport = z.infer<typeof queuedImport>;

interface Checkpoint {
  /** Report of the import, stored with what it has written. */
  result: ImportReportDto;
}

/**
 * Does the imports that a request has left to a worker. The import is one transaction, which also stores the report: a runner that is
 * killed leaves nothing, or all of it. The file goes when the import is done, refused or cancelled. After a failure of the program it stays for
 * a while, so that the import can be retried.
 */
@Injectable()
export class ProductsImportKind {
  constructor(
    private readonly operations: MemberOperations,
    private readonly quotas: Quotas,
    private readonly files: TenantFiles,
  ) {
    operations.handle<QueuedImport, Checkpoint>({
      name: PRODUCTS_IMPORT,
      input: queuedImport,
      run: async (run, wanted, { result }) => {
        const report = result ?? (await this.import(run, wanted));
        await this.removeFile(run).catch((err: unknown) =>
          run.tools.logger.warn({ event: 'import.file_left', operation: run.operation.id, err }),
        );
        return { report };
      },
      undo: async (run, _wanted, _checkpoint, failure) => {
        if (isFinalFailure(failure)) await this.removeFile(run);
      },
    });
  }

  private async import(run: OperationRun, { requestId, options }: QueuedImport): Promise<ImportReportDto> {
    return this.operations.inShop(run, requestId, async (tenant) => {
      await tenant.requireFeature('productImports');
      await this.quotas.requireRoom(tenant.access, 'many');
      const file = await NamelessFile.open();
      try {
        run.report({ step: 'read', done: 0, total: 0 });
        await pipeline(await this.openFile(run), file.writer(), { signal: run.signal });
        return await load(run, new ProductsImportService(tenant), file, options as ImportOptions);
      } finally {
        await file.close();
      }
    });
  }

  private async openFile({ operation: { id, shopId } }: OperationRun): Promise<Readable> {
    try {
      return await this.files.of({ shopId: shopId! }, 'imports').read(importFile(id)); // an import is of one shop
    } catch (cause) {
      if (!(cause instanceof FileNotFound)) throw cause;
      throw new FileNotFound({ detail: 'The file of the import is gone: send it again.', cause });
    }
  }

  private removeFile({ operation: { id, shopId } }: OperationRun): Promise<void> {
    return this.files.of({ shopId: shopId! }, 'imports').remove(importFile(id)); // as above
  }
}

function load(
  run: OperationRun,
  service: ProductsImportService,
  file: NamelessFile,
  options: ImportOptions,
): Promise<ImportReportDto> {
  const open = async function* () {
    for await (const piece of file.reader()) {
      run.signal.throwIfAborted();
      yield piece as Buffer;
    }
  };
  const onProgress = (rows: number, total: number) => {
    run.signal.throwIfAborted();
    run.report({ step: 'store', done: rows, total });
  };
  return service.import({ open }, { ...options, onProgress });
}
