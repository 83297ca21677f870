import { Injectable } from '@nestjs/common';
import { TenantConnection } from '../../../tenancy/tenant-connection';
import { EmbeddingJobs } from './embedding-jobs';
import { findSimilar, makeOutdated, type MadeVector, storeVectors } from './similar-products';
import { type ListSimilarQuery, type SimilarProductsDto, toSimilarDto } from './similar.dto';

/** Vectors that a request makes, some 50 ms of work; a job makes the rest. */
const MADE_AT_ONCE = 500;

/** Similar products of one shop. */
@Injectable()
export class SimilarService {
  constructor(
    private readonly tenant: TenantConnection,
    private readonly jobs: EmbeddingJobs,
  ) {}

  /**
   * The most similar first. Products whose vectors are not of now are compared by vectors that are made here, and stored if the
   * member may write. @throws ProductNotFound
   */
  async list(id: string, { limit, status }: ListSimilarQuery): Promise<SimilarProductsDto> {
    const { made, isComplete, items } = await this.tenant.run(async (manager) => {
      const outdated = await makeOutdated(manager, MADE_AT_ONCE + 1);
      const similar = await findSimilar(manager, outdated, { id, limit, status });
      return {
        made: outdated.slice(0, MADE_AT_ONCE),
        isComplete: outdated.length <= MADE_AT_ONCE,
        items: similar.map(toSimilarDto),
      };
    });
    if (made.length > 0) await this.store(made, isComplete);
    return { items, isComplete };
  }

  private async store(made: readonly MadeVector[], isAll: boolean): Promise<void> {
    const { isReadOnly, memberRole } = this.tenant.access;
    if (isReadOnly || memberRole === 'read_only') return;
    await this.tenant.transaction(async (manager) => {
      await storeVectors(manager, made);
      if (!isAll) await this.jobs.add(manager);
    });
  }
}
