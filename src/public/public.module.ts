import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { INSTALLATION } from '../database/database.module';
import type { Installation } from '../database/installation';
import { AuditController } from './audit/audit.controller';
import { AuditService } from './audit/audit.service';
import { AuditEntry } from './audit/audit-entry.entity';
import { ACCESS_TOKEN, signingSecret } from './auth/access-token';
import { AccessTokenGuard, AccessTokenStrategy } from './auth/access-token.guard';
import { AuthController } from './auth/auth.controller';
import { AuthService } from './auth/auth.service';
import { RefreshToken } from './auth/refresh-token.entity';
import { SigningKey } from './auth/signing-key.entity';
import { TokensService } from './auth/tokens.service';
import { HealthController } from './health/health.controller';
import { MembersController } from './members/members.controller';
import { MembersService } from './members/members.service';
import { Membership } from './shops/membership.entity';
import { Shop } from './shops/shop.entity';
import { ShopStatusService } from './shops/shop-status.service';
import { ShopsController } from './shops/shops.controller';
import { ShopsService } from './shops/shops.service';
import { StockedTenant } from './shops/stocked-tenant.entity';
import { TenantRecord } from './shops/tenant-record.entity';
import { User } from './users/user.entity';

export const PUBLIC_ENTITIES = [
  User,
  Shop,
  Membership,
  RefreshToken,
  SigningKey,
  TenantRecord,
  StockedTenant,
  AuditEntry,
];

/** Users, shops and memberships: what belongs to nobody's schema. */
@Module({
  imports: [
    JwtModule.registerAsync({
      inject: [INSTALLATION],
      useFactory: ({ secrets }: Installation) => ({
        secret: signingSecret(secrets),
        signOptions: {
          algorithm: ACCESS_TOKEN.algorithm,
          issuer: ACCESS_TOKEN.issuer,
          expiresIn: ACCESS_TOKEN.lifetime,
        },
      }),
    }),
  ],
  controllers: [AuthController, ShopsController, MembersController, AuditController, HealthController],
  providers: [
    AccessTokenStrategy,
    { provide: APP_GUARD, useClass: AccessTokenGuard },
    AuthService,
    AuditService,
    MembersService,
    ShopsService,
    ShopStatusService,
    TokensService,
  ],
})
export class PublicModule {}
