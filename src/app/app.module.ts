import { type DynamicModule, Module } from '@nestjs/common';
import { type Base, DatabaseModule } from '../database/database.module';
import { PUBLIC_ENTITIES, PublicModule } from '../public/public.module';
import { TenancyModule } from '../tenancy/tenancy.module';
import { OLDEST_SERVED, TENANT_ENTITIES, TenantModule } from '../tenant/tenant.module';

/** The map: the public side, the tenant side, and the engine between the two. */
@Module({})
export class AppModule {
  static forRoot(base: Base): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot(base, PUBLIC_ENTITIES),
        TenancyModule.forRoot(TENANT_ENTITIES, OLDEST_SERVED),
        PublicModule,
        TenantModule,
      ],
    };
  }
}
