import { type DynamicModule, Module } from '@nestjs/common';
import { LOGGER, type Logger } from '../../common/logger';
import { ENV, type Env } from '../../config/env';
import { type Installation, INSTALLATION } from '../../database/installation';
import type { TableDescriptions } from '../../tenancy/described.decorator';
import { TenantCache } from '../../tenancy/tenant-cache';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import { JobRunner } from '../jobs/job-runner';
import { MemberOperations } from './member-operations';
import { TOOLS, type Tools } from './operation-kind';
import { OperationWorker } from './operation-worker';
import { OperationsService } from './operations.service';

/** Operations on whole shops, and the worker that runs them where the process has admin rights. */
@Module({})
export class LifecycleModule {
  /** @param described descriptions of the tables of a shop, passed in because operations do not import the product */
  static forRoot(described: TableDescriptions): DynamicModule {
    const exported = [JobRunner, MemberOperations, OperationWorker, OperationsService];
    const tools = {
      provide: TOOLS,
      inject: [INSTALLATION, TenantMigrations, ENV, LOGGER, TenantCache],
      useFactory: (
        installation: Installation,
        migrations: TenantMigrations,
        env: Env,
        logger: Logger,
        cache: TenantCache,
      ): Tools => ({
        ...{ installation, migrations, env, logger, cache },
        describedTables: () => Promise.resolve(described),
      }),
    };
    const providers = [...exported, tools];
    return { module: LifecycleModule, global: true, providers, exports: [...exported, TOOLS] };
  }
}
