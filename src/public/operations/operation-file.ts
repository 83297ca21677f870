import { StreamableFile } from '@nestjs/common';
import type { Env } from '../../config/env';
import type { ExportResult } from '../../operations/lifecycle/kinds/export.kind';
import type { Operation } from '../../operations/lifecycle/operation-store';
import { isFileMissing } from '../../files/file-target';
import { openTarget } from '../../files/open-target';
import { OperationFileNotFound } from './operations.errors';

/** The file of an export that is done and has not expired. */
export function fileOf({ state, result }: Pick<Operation, 'state' | 'result'>): ExportResult | null {
  const file = result as Partial<ExportResult> | null;
  return state === 'done' && file?.file !== undefined ? (file as ExportResult) : null;
}

/** Opens the file of an export, wherever it is. @throws OperationFileNotFound */
export async function openFile(file: ExportResult, env: Env): Promise<StreamableFile> {
  try {
    const target = await openTarget(file.target, env);
    const length = await target.size(file.file);
    return new StreamableFile(await target.read(file.file), {
      type: 'application/zip',
      disposition: `attachment; filename="${file.file}"`,
      length,
    });
  } catch (error) {
    if (isFileMissing(error)) throw new OperationFileNotFound({ cause: error });
    throw error;
  }
}
