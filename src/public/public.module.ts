import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { AuditService } from './audit/audit.service';
import { AuditEntry } from './audit/audit-entry.entity';
import { ACCESS_TOKEN } from './auth/access-token';
import { KnownInputGuard } from '../http/known-input.guard';
import { AccessTokenGuard } from './auth/access-token.guard';
import { AccessTokenStrategy } from './auth/access-token.strategy';
import { KnownDevices } from './auth/known-devices';
import { KnownTokens } from './auth/known-tokens';
import { AuthController } from './auth/auth.controller';
import { AuthService } from './auth/auth.service';
import { JwksController } from './auth/jwks.controller';
import { KeyRing } from './auth/key-ring';
import { LoginLimits } from './auth/login-limits';
import { LoginService } from './auth/login.service';
import { PasswordReset } from './auth/password-reset.entity';
import { PasswordResetService } from './auth/password-reset.service';
import { RefreshToken } from './auth/refresh-token.entity';
import { Session } from './auth/session.entity';
import { SessionSupportService } from './auth/session-support.service';
import { SigningKey } from './auth/signing-key.entity';
import { TokensService } from './auth/tokens.service';
import { HealthController } from './health/health.controller';
import { MembersController } from './members/members.controller';
import { MemberSupportService } from './members/member-support.service';
import { MembersService } from './members/members.service';
import { ExportsController } from './operations/exports.controller';
import { OperationsController } from './operations/operations.controller';
import { OperationsService } from './operations/operations.service';
import { ReportRefreshService } from './reports/report-refresh.service';
import { ReportsService } from './reports/reports.service';
import { ShopDay } from './reports/shop-day.entity';
import { ShopReport } from './reports/shop-report.entity';
import { PlansService } from './plans/plans.service';
import { ShopLimitsService } from './plans/shop-limits.service';
import { FleetService } from './shops/fleet.service';
import { FormerSlug } from './shops/former-slug.entity';
import { Membership } from './shops/membership.entity';
import { Shop } from './shops/shop.entity';
import { ShopActivityService } from './shops/shop-activity.service';
import { ShopSupportService } from './shops/shop-support.service';
import { ShopStatusService } from './shops/shop-status.service';
import { ShopsController } from './shops/shops.controller';
import { ShopsService } from './shops/shops.service';
import { User } from './users/user.entity';

export const PUBLIC_ENTITIES = [
  User,
  Shop,
  FormerSlug,
  Membership,
  Session,
  RefreshToken,
  PasswordReset,
  SigningKey,
  AuditEntry,
  ShopReport,
  ShopDay,
];

/** Public side: users, shops and memberships, which belong to no tenant. */
@Module({
  imports: [
    JwtModule.register({
      signOptions: {
        algorithm: ACCESS_TOKEN.algorithm,
        issuer: ACCESS_TOKEN.issuer,
        expiresIn: ACCESS_TOKEN.lifetime,
      },
    }),
  ],
  controllers: [
    AuthController,
    JwksController,
    ShopsController,
    MembersController,
    ExportsController,
    OperationsController,
    HealthController,
  ],
  providers: [
    AccessTokenStrategy,
    KnownTokens,
    KnownDevices,
    { provide: APP_GUARD, useClass: AccessTokenGuard },
    { provide: APP_GUARD, useClass: KnownInputGuard },
    AuthService,
    AuditService,
    FleetService,
    ShopActivityService,
    MembersService,
    MemberSupportService,
    KeyRing,
    LoginLimits,
    LoginService,
    OperationsService,
    PasswordResetService,
    ReportRefreshService,
    ReportsService,
    PlansService,
    SessionSupportService,
    ShopLimitsService,
    ShopsService,
    ShopStatusService,
    ShopSupportService,
    TokensService,
  ],
  exports: [AuditService],
})
export class PublicModule {}
