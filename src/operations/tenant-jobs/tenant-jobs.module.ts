import { Global, Module } from '@nestjs/common';
import { ExpiredKeys } from './expired-keys';
import { JobStore } from './job-store';
import { SliceTools } from './slice';
import { TenantJobWorker } from './tenant-job-worker';
import { TenantJobs } from './tenant-jobs';
import { TenantJobsService } from './tenant-jobs.service';

/** Jobs of shops, for the services of every side, and the worker that does them where `JOBS` says so. */
@Global()
@Module({
  providers: [ExpiredKeys, JobStore, SliceTools, TenantJobs, TenantJobsService, TenantJobWorker],
  exports: [TenantJobs, TenantJobsService, TenantJobWorker],
})
export class TenantJobsModule {}
