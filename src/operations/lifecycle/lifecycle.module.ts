import { Module } from '@nestjs/common';
import { JobRunner } from '../jobs/job-runner';
import { MemberOperations } from './member-operations';
import { OperationWorker } from './operation-worker';
import { OperationsService } from './operations.service';

/** Operations on whole shops, and the worker that runs them where the process has admin rights. */
@Module({
  providers: [JobRunner, MemberOperations, OperationWorker, OperationsService],
  exports: [JobRunner, MemberOperations, OperationWorker, OperationsService],
})
export class LifecycleModule {}
