import { Module } from '@nestjs/common';
import { JobRunner } from '../jobs/job-runner';
import { OperationWorker } from './operation-worker';
import { OperationsService } from './operations.service';

/** Operations on whole shops, and the worker that runs them where the process has admin rights. */
@Module({
  providers: [JobRunner, OperationWorker, OperationsService],
  exports: [JobRunner, OperationWorker, OperationsService],
})
export class LifecycleModule {}
