import { Injectable } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import { isId } from '../../common/ids';
import { type Page, toPage } from '../../http/page';
import { TenantJobsService } from '../../operations/tenant-jobs/tenant-jobs.service';
import type { Operator } from '../../tenancy/operator';
import type { JobDto, ListJobsQuery, ShownJobDto } from './jobs.dto';

@Injectable()
export class JobsService {
  constructor(private readonly jobs: TenantJobsService) {}

  /** @throws InvalidCursor, ShopNotFound */
  async list({ limit, cursor, ...query }: ListJobsQuery): Promise<Page<JobDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const rows = await this.jobs.list({ ...query, before: cursor, limit: limit + 1 });
    return toPage(
      rows,
      limit,
      ({ id }) => id,
      (row) => row,
    );
  }

  /** @throws JobNotFound */
  get(id: string): Promise<ShownJobDto> {
    return this.jobs.get(id);
  }

  /** @throws JobNotFound, JobRunning */
  retry(by: Operator, id: string): Promise<JobDto> {
    return this.jobs.retry(by, id);
  }

  /** @throws JobNotFound, JobRunning */
  drop(by: Operator, id: string): Promise<JobDto> {
    return this.jobs.drop(by, id);
  }
}
