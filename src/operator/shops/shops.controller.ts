import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { InvalidCursor } from '../../common/common.errors';
import type { Page } from '../../http/page';
import { Route } from '../../http/route';
import { AuditEntryDto, ListAuditQuery } from '../../public/audit/audit.dto';
import { FleetService } from '../../public/shops/fleet.service';
import { PlanNotFound } from '../../public/plans/plans.errors';
import { CreateShopForDto, RenameShopDto } from '../../public/shops/shop-support.dto';
import { ShopSupportService } from '../../public/shops/shop-support.service';
import { ShopDeleted } from '../../public/shops/shops.errors';
import { UserNotFound } from '../../public/users/users.errors';
import type { Operator } from '../../tenancy/operator';
import { NoTenantReady, ShopNotFound, SlugTaken } from '../../tenancy/tenancy.errors';
import { Acting, Allows } from '../accounts/operator-role';
import { ConfirmationWrong, ConfirmDto, NamedShop } from './shop-name';
import {
  ListedShopDto,
  ListShopsQuery,
  RenamedShopDto,
  ShownShopDto,
  StatusChangeDto,
  SupportedShopDto,
} from './shops.dto';
import { ShopsService } from './shops.service';

@ApiTags('shops')
@Controller('shops')
export class ShopsController {
  constructor(
    private readonly shops: ShopsService,
    private readonly fleet: FleetService,
    private readonly support: ShopSupportService,
  ) {}

  @Get()
  @Allows('viewer')
  @Route({ summary: 'Lists shops', ok: ListedShopDto, list: true, errors: [InvalidCursor, PlanNotFound] })
  list(@Query() query: ListShopsQuery): Promise<Page<ListedShopDto>> {
    return this.fleet.listPage(query);
  }

  @Get(':shop')
  @Allows('viewer')
  @Route({
    summary: 'Shows a shop, with rows and size of each table',
    ok: ShownShopDto,
    errors: [ShopNotFound],
  })
  get(@NamedShop() shop: string): Promise<ShownShopDto> {
    return this.fleet.show(shop);
  }

  @Post()
  @Allows('operator')
  @Route({
    summary: 'Creates a shop for a registered user',
    status: 201,
    ok: SupportedShopDto,
    errors: [UserNotFound, SlugTaken, NoTenantReady],
  })
  create(@Acting() by: Operator, @Body() wanted: CreateShopForDto): Promise<SupportedShopDto> {
    return this.support.create(by, wanted);
  }

  @Patch(':shop')
  @Allows('operator')
  @Route({
    summary: 'Gives a shop another slug or name; the present slug names it for 30 more days',
    ok: RenamedShopDto,
    errors: [ShopNotFound, SlugTaken],
  })
  rename(
    @Acting() by: Operator,
    @NamedShop() shop: string,
    @Body() changes: RenameShopDto,
  ): Promise<RenamedShopDto> {
    return this.support.rename(by, shop, changes);
  }

  @Post(':shop/suspend')
  @Allows('operator')
  @Route({
    summary: 'Closes a shop to its members within 5 s',
    ok: StatusChangeDto,
    errors: [ShopNotFound, ShopDeleted],
  })
  suspend(@Acting() by: Operator, @NamedShop() shop: string): Promise<StatusChangeDto> {
    return this.shops.setStatus(by, shop, 'suspended');
  }

  @Post(':shop/read-only')
  @Allows('operator')
  @Route({
    summary: 'Lets a shop be read and not written, within 5 s',
    ok: StatusChangeDto,
    errors: [ShopNotFound, ShopDeleted],
  })
  makeReadOnly(@Acting() by: Operator, @NamedShop() shop: string): Promise<StatusChangeDto> {
    return this.shops.setStatus(by, shop, 'read_only');
  }

  @Post(':shop/resume')
  @Allows('operator')
  @Route({
    summary: 'Opens a suspended or read-only shop again',
    ok: StatusChangeDto,
    errors: [ShopNotFound, ShopDeleted],
  })
  resume(@Acting() by: Operator, @NamedShop() shop: string): Promise<StatusChangeDto> {
    return this.shops.setStatus(by, shop, 'active');
  }

  @Post(':shop/delete')
  @Allows('administrator')
  @Route({
    summary: 'Deletes a shop for its members; its data stay until it is purged',
    ok: StatusChangeDto,
    errors: [ShopNotFound, ConfirmationWrong],
  })
  remove(
    @Acting() by: Operator,
    @NamedShop() shop: string,
    @Body() confirmation: ConfirmDto,
  ): Promise<StatusChangeDto> {
    return this.shops.remove(by, shop, confirmation);
  }

  @Post(':shop/undelete')
  @Allows('administrator')
  @Route({
    summary: 'Gives a deleted shop back to its members',
    ok: StatusChangeDto,
    errors: [ShopNotFound],
  })
  undelete(@Acting() by: Operator, @NamedShop() shop: string): Promise<StatusChangeDto> {
    return this.shops.undelete(by, shop);
  }

  @Get(':shop/audit')
  @Allows('viewer')
  @Route({
    summary: 'Lists the audit log of a shop, newest first, as its owners see it',
    ok: AuditEntryDto,
    list: true,
    errors: [ShopNotFound, InvalidCursor],
  })
  listAudit(@NamedShop() shop: string, @Query() query: ListAuditQuery): Promise<Page<AuditEntryDto>> {
    return this.shops.listAudit(shop, query);
  }
}
