import type { INestApplicationContext } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';
import { JobRunner } from '../jobs/job-runner';
import { addScheduled } from '../tenant-jobs/scheduled-jobs';
import { TenantJobWorker } from '../tenant-jobs/tenant-job-worker';
import { TenantJobs } from '../tenant-jobs/tenant-jobs';
import { OperationWorker } from './operation-worker';

/** Starts what works in the background: operations, jobs of shops, and the schedules of both. Needs admin rights. */
export function startWork(app: INestApplicationContext): void {
  const runner = app.get(JobRunner);
  const database = app.get(PublicDatabase);
  for (const [kind, schedule] of app.get(TenantJobs).schedules) {
    const task = `schedule-${kind}`;
    runner.task(task, (_payload, signal) => addScheduled(database, kind, schedule, signal));
    runner.schedule(task, schedule.cron);
  }
  app.get(OperationWorker).start();
  app.get(TenantJobWorker).start();
}
