import { AuditController } from './audit/audit.controller';
import { type DynamicModule, Module } from '@nestjs/common';
import { type Base, DatabaseModule } from '../database/database.module';
import { Backup } from '../operations/lifecycle/backup.entity';
import { LifecycleModule } from '../operations/lifecycle/lifecycle.module';
import { OperatorAccount } from '../operator/accounts/operator-account.entity';
import { OperatorSession } from '../operator/accounts/operator-session.entity';
import { Operation } from '../operations/lifecycle/operation.entity';
import { TenantJobsModule } from '../operations/tenant-jobs/tenant-jobs.module';
import { RemovedShop } from '../operations/lifecycle/removed-shop.entity';
import { PUBLIC_ENTITIES, PublicModule } from '../public/public.module';
import { describeTables } from '../tenancy/described.decorator';
import { TENANCY_ENTITIES, TenancyModule } from '../tenancy/tenancy.module';
import { OLDEST_SERVED, TENANT_ENTITIES, TenantModule } from '../tenant/tenant.module';
import { RequestMeter } from './metrics/request-meter';
import { TransferModule } from '../tenant/transfer/transfer.module';

/** Entities of each side; the engine's own tables are in `public` too. */
export const ENTITIES = {
  public: [
    ...PUBLIC_ENTITIES,
    ...TENANCY_ENTITIES,
    Operation,
    Backup,
    RemovedShop,
    OperatorAccount,
    OperatorSession,
  ],
  tenant: [...TENANT_ENTITIES, ...TransferModule.entities],
};

/** Root module: the public side, the tenant side, and the engine between them. */
@Module({})
export class AppModule {
  /** Descriptions of the tables of a shop. */
  static readonly describedTables = describeTables(ENTITIES.tenant);

  static forRoot(base: Base): DynamicModule {
    return {
      module: AppModule,
      controllers: [AuditController],
      providers: [RequestMeter],
      imports: [
        DatabaseModule.forRoot(base, ENTITIES.public),
        TenancyModule.forRoot(ENTITIES.tenant, OLDEST_SERVED),
        LifecycleModule.forRoot(AppModule.describedTables),
        TenantJobsModule,
        PublicModule,
        TenantModule,
        TransferModule,
      ],
    };
  }
}
