import { Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { InvalidCursor } from '../../common/common.errors';
import type { Page } from '../../http/page';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { JobNotFound, JobRunning } from '../../operations/tenant-jobs/tenant-jobs.errors';
import type { Operator } from '../../tenancy/operator';
import { ShopNotFound } from '../../tenancy/tenancy.errors';
import { Acting, Allows } from '../accounts/operator-role';
import { JobDto, ListJobsQuery, ShownJobDto } from './jobs.dto';
import { JobsService } from './jobs.service';

@ApiTags('jobs')
@Controller('jobs')
export class JobsController {
  constructor(private readonly jobs: JobsService) {}

  @Get()
  @Allows('viewer')
  @Route({
    summary: 'Lists jobs of shops that are not done, newest first',
    ok: JobDto,
    list: true,
    errors: [InvalidCursor, ShopNotFound],
  })
  list(@Query() query: ListJobsQuery): Promise<Page<JobDto>> {
    return this.jobs.list(query);
  }

  @Get(':id')
  @Allows('viewer')
  @Route({ summary: 'Shows a job with its payload', ok: ShownJobDto, errors: [JobNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<ShownJobDto> {
    return this.jobs.get(id);
  }

  @Post(':id/retry')
  @Allows('operator')
  @Route({
    summary: 'Lets a job begin now that is dead or waits for its next attempt',
    status: 202,
    ok: JobDto,
    errors: [JobNotFound, JobRunning],
  })
  retry(@Acting() by: Operator, @Param('id', IdPipe) id: string): Promise<JobDto> {
    return this.jobs.retry(by, id);
  }

  @Post(':id/drop')
  @Allows('operator')
  @Route({
    summary: 'Drops a job that is dead or waits, for good, and answers with it',
    status: 200,
    ok: JobDto,
    errors: [JobNotFound, JobRunning],
  })
  drop(@Acting() by: Operator, @Param('id', IdPipe) id: string): Promise<JobDto> {
    return this.jobs.drop(by, id);
  }
}
