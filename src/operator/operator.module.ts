import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ENV } from '../config/env';
import { PublicDatabase } from '../database/control-database';
import { INSTALLATION } from '../database/installation';
import { KnownInputGuard } from '../http/known-input.guard';
import { TenantJobsService } from '../operations/tenant-jobs/tenant-jobs.service';
import { AuditService } from '../public/audit/audit.service';
import { LoginLimits } from '../public/auth/login-limits';
import { PasswordResetService } from '../public/auth/password-reset.service';
import { SessionSupportService } from '../public/auth/session-support.service';
import { MemberSupportService } from '../public/members/member-support.service';
import { ReportsService } from '../public/reports/reports.service';
import { PlansService } from '../public/plans/plans.service';
import { ShopLimitsService } from '../public/plans/shop-limits.service';
import { FleetService } from '../public/shops/fleet.service';
import { LockWaitsService } from '../public/shops/lock-waits.service';
import { ShopActivityService } from '../public/shops/shop-activity.service';
import { ShopStatusService } from '../public/shops/shop-status.service';
import { ShopSupportService } from '../public/shops/shop-support.service';
import { AccountsController } from './accounts/accounts.controller';
import { AccountsService } from './accounts/accounts.service';
import { ActivityController } from './activity/activity.controller';
import { ActivityService } from './activity/activity.service';
import { AuthController } from './auth/auth.controller';
import { OperatorGuard } from './auth/operator.guard';
import { OperatorLoginService } from './auth/operator-login.service';
import { OperatorSessions } from './auth/operator-sessions';
import { BackupsService } from './operations/backups.service';
import { JobsController } from './jobs/jobs.controller';
import { JobsService } from './jobs/jobs.service';
import { OperationsController } from './operations/operations.controller';
import { OperationsService } from './operations/operations.service';
import { RequestsService } from './operations/requests.service';
import { ReportsController } from './reports/reports.controller';
import { PlansController } from './plans/plans.controller';
import { ShopsController } from './shops/shops.controller';
import { ShopsService } from './shops/shops.service';
import { PeopleController } from './users/people.controller';
import { PeopleService } from './users/people.service';

/** Services of the application that operators use too: the same instances, so the same pools and caches. */
const SHARED = [
  ENV,
  INSTALLATION,
  PublicDatabase,
  AuditService,
  FleetService,
  LockWaitsService,
  LoginLimits,
  MemberSupportService,
  PasswordResetService,
  ReportsService,
  SessionSupportService,
  ShopActivityService,
  PlansService,
  ShopLimitsService,
  ShopStatusService,
  ShopSupportService,
  TenantJobsService,
];

/** The API of operators: its own routes, accounts and guard over services of the application. */
@Module({})
export class OperatorModule {
  /** @param app the application, which must be closed later than this module's server */
  static over(app: INestApplicationContext): DynamicModule {
    return {
      module: OperatorModule,
      controllers: [
        AuthController,
        AccountsController,
        ActivityController, // `shops/top` before `shops/:shop`
        ShopsController,
        OperationsController,
        PeopleController,
        JobsController,
        ReportsController,
        PlansController,
      ],
      providers: [
        ...SHARED.map((token) => ({ provide: token, useValue: app.get<unknown>(token) })),
        { provide: APP_GUARD, useClass: OperatorGuard },
        { provide: APP_GUARD, useClass: KnownInputGuard },
        AccountsService,
        OperatorLoginService,
        OperatorSessions,
        ActivityService,
        ShopsService,
        PeopleService,
        BackupsService,
        OperationsService,
        RequestsService,
        JobsService,
      ],
    };
  }
}
