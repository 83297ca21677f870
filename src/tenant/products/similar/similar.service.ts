import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { isId } from '../../../common/ids';
import { TenantCache } from '../../../tenancy/tenant-cache';
import { TenantConnection } from '../../../tenancy/tenant-connection';
import { EmbeddingJobs } from './embedding-jobs';
import {
  makeOutdated,
  type MadeVector,
  rankSimilar,
  readRanked,
  type SimilarTo,
  storeVectors,
} from './similar-products';
import { type ListSimilarQuery, MAX_SIMILAR, type SimilarProductsDto, toSimilarDto } from './similar.dto';

/** Vectors that a request makes, 15 to 60 ms of work in slices; a job makes the rest. */
const MADE_AT_ONCE = 100;
/** How long a ranking may miss a change of the names and tags of products in another process, where there is no Redis. */
const RANKING_MS = 60_000;

const RANKING = z.object({
  ranked: z.array(z.object({ id: z.string().refine(isId), similarity: z.number() })),
  isComplete: z.boolean(),
});
type Ranking = z.infer<typeof RANKING>;

/** Similar products of one shop. */
@Injectable()
export class SimilarService {
  constructor(
    private readonly tenant: TenantConnection,
    private readonly cache: TenantCache,
    private readonly jobs: EmbeddingJobs,
  ) {}

  /** The most similar first. The ranking is cached, the products are as they are now. @throws ProductNotFound */
  async list(id: string, { limit, status }: ListSimilarQuery): Promise<SimilarProductsDto> {
    const wanted = { id, limit: MAX_SIMILAR, status };
    const { ranked, isComplete } = await this.cache.remember(
      this.tenant.access,
      `similar ${id} ${status ?? ''}`,
      { ttlMs: RANKING_MS, of: 'products', shape: RANKING },
      () => this.rank(wanted),
    );
    const similar = await this.tenant.runOne((manager) =>
      readRanked(manager, ranked.slice(0, limit), wanted),
    );
    return { items: similar.map(toSimilarDto), isComplete };
  }

  /** Products whose vectors are not of now are ranked by vectors that are made here, and stored if the member may write; a job stores them else. */
  private async rank(wanted: SimilarTo): Promise<Ranking> {
    const { made, ...ranking } = await this.tenant.run(async (manager) => {
      const outdated = await makeOutdated(manager, MADE_AT_ONCE + 1);
      return {
        ranked: await rankSimilar(manager, outdated, wanted),
        made: outdated.slice(0, MADE_AT_ONCE),
        isComplete: outdated.length <= MADE_AT_ONCE,
      };
    });
    if (made.length > 0) await this.store(made, ranking.isComplete);
    return ranking;
  }

  private async store(made: readonly MadeVector[], isAll: boolean): Promise<void> {
    const { access } = this.tenant;
    if (access.isReadOnly) return; // no job is done there either
    if (access.memberRole === 'read_only') return this.jobs.addFor(access);
    await this.tenant.transaction(async (manager) => {
      await storeVectors(manager, made);
      if (!isAll) await this.jobs.add(manager);
    });
  }
}
