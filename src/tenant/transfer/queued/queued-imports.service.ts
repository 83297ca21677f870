import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../../common/app-error';
import { newId } from '../../../common/ids';
import { ENV, type Env } from '../../../config/env';
import type { UploadedFile } from '../../../http/upload';
import { importFile } from '../../../operations/lifecycle/import-files';
import { MemberOperations } from '../../../operations/lifecycle/member-operations';
import { StoredAnswer } from '../../../tenancy/keyed-work';
import { TenantConnection } from '../../../tenancy/tenant-connection';
import { TenantFiles } from '../../../tenancy/tenant-files';
import type { ImportOptions, QueuedImportDto } from '../import.dto';
import { ImportsWaiting } from '../transfer.errors';
import type { QueuedImport } from './products-import.kind';

const MIB = 1_048_576;
const SERVER_ERROR = 500;
/** Imports of a shop that may wait or run, each with its file. */
const MOST = 10;
const RETRY_SECONDS = 60;
const RESPOND_ASYNC = /(?:^|,)\s*respond-async\s*(?:[,;]|$)/i;

/** Leaves imports of products to a worker. */
@Injectable()
export class QueuedImportsService {
  constructor(
    private readonly tenant: TenantConnection,
    private readonly operations: MemberOperations,
    private readonly files: TenantFiles,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** True if the request asks for that, or its file is large. */
  isFor({ headers: { prefer } }: FastifyRequest, { size }: UploadedFile): boolean {
    const wishes = Array.isArray(prefer) ? prefer.join(',') : (prefer ?? '');
    return RESPOND_ASYNC.test(wishes) || size > this.env.IMPORT_INLINE_MB * MIB;
  }

  /**
   * Stores the file where a worker finds it, and records the import. Answers 202 and names the operation.
   * @throws ImportsWaiting; as ShopFiles.write and TenantConnection.transaction
   */
  async add(file: UploadedFile, options: ImportOptions, reply: FastifyReply): Promise<QueuedImportDto> {
    const { access, author } = this.tenant;
    const id = newId();
    const location = `/api/v1/operations/${id}`;
    void reply.status(202);
    const files = this.files.of(access, 'imports');
    await files.write(importFile(id), file.open(), file.size);
    try {
      const added = await this.tenant.transaction(async (manager) => {
        const input: QueuedImport = { requestId: author.requestId, options };
        if (!(await this.operations.addImport(manager, { id, author, input, most: MOST })))
          throw new ImportsWaiting({ retryAfter: RETRY_SECONDS });
        return { operationId: id, path: location };
      });
      void reply.header('location', location);
      return added;
    } catch (error) {
      if (error instanceof StoredAnswer) locate(reply, error);
      // After an error of the server it may be recorded all the same; a file that nobody reads is swept.
      if (error instanceof StoredAnswer || (error instanceof AppError && error.kind.status < SERVER_ERROR))
        await files.remove(importFile(id));
      throw error;
    }
  }
}

/** A repetition gets the header of the first answer, which is not stored, if that was one of here. */
function locate(reply: FastifyReply, { body }: StoredAnswer): void {
  const { path } = JSON.parse(body ?? '{}') as Partial<QueuedImportDto>;
  if (path !== undefined) void reply.header('location', path);
}
