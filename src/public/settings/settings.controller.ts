import { Body, Get, Patch } from '@nestjs/common';
import { type Caller, From } from '../../http/caller.decorator';
import { IfMatch, Precondition } from '../../http/precondition';
import { Route } from '../../http/route';
import { InShop } from '../../tenancy/in-shop.decorator';
import { NeededRole, Needs } from '../../tenancy/member-role';
import type { MemberRole, TenantAccess } from '../../tenancy/tenant';
import { ShopNotFound } from '../../tenancy/tenancy.errors';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { SettingsDto, UpdateSettingsDto } from './settings.dto';
import { SettingsService } from './settings.service';

@TenantController('settings')
export class SettingsController {
  constructor(private readonly settings: SettingsService) {}

  @Get()
  @Route({ summary: 'Shows the settings of the shop', ok: SettingsDto, errors: [ShopNotFound] })
  get(@InShop() access: TenantAccess): Promise<SettingsDto> {
    return this.settings.get(access);
  }

  @Patch()
  @Needs('admin')
  @Route({ summary: 'Changes settings of the shop', ok: SettingsDto, errors: [ShopNotFound] })
  update(
    @InShop() access: TenantAccess,
    @NeededRole() needed: MemberRole,
    @Body() changes: UpdateSettingsDto,
    @IfMatch() ifMatch: Precondition,
    @From() caller: Caller,
  ): Promise<SettingsDto> {
    return this.settings.update(access, needed, changes, ifMatch, caller);
  }
}
