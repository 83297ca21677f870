import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { type Caller, From } from '../../http/caller.decorator';
import { type Page, PageQuery } from '../../http/page';
import { IfMatch, Precondition } from '../../http/precondition';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { Keyed, KeyedTransaction } from '../../tenancy/keyed.decorator';
import { NeededRole, Needs } from '../../tenancy/member-role';
import type { MemberRole, Principal } from '../../tenancy/tenant';
import { InvalidCursor } from '../../common/common.errors';
import { TooManyAttempts } from '../auth/auth.errors';
import { SignedIn } from '../auth/principal.decorator';
import { CreateShopDto, ShopDto, UpdateShopDto } from './shops.dto';
import { NoTenantReady, ShopNotFound, ShopReadOnly, SlugTaken } from '../../tenancy/tenancy.errors';
import { ShopsService } from './shops.service';

@ApiTags('shops')
@ApiBearerAuth()
@Controller('shops')
export class ShopsController {
  constructor(private readonly shops: ShopsService) {}

  @Get()
  @Route({ summary: 'Lists my shops, oldest first', ok: ShopDto, list: true, errors: [InvalidCursor] })
  list(@SignedIn() user: Principal, @Query() page: PageQuery): Promise<Page<ShopDto>> {
    return this.shops.list(user.userId, page);
  }

  @Post()
  @Route({
    summary: 'Creates a shop with a schema of its own; POST auth/switch then gives a token for it',
    status: 201,
    ok: ShopDto,
    errors: [SlugTaken, NoTenantReady, TooManyAttempts],
  })
  create(
    @SignedIn() user: Principal,
    @Body() shop: CreateShopDto,
    @From() caller: Caller,
    @Keyed() keyed: KeyedTransaction,
  ): Promise<ShopDto> {
    return this.shops.create(user.userId, shop, caller, keyed);
  }

  @Get(':id')
  @Needs('read_only')
  @Route({ summary: 'Shows one of my shops', ok: ShopDto, errors: [ShopNotFound] })
  get(@SignedIn() user: Principal, @Param('id', IdPipe) id: string): Promise<ShopDto> {
    return this.shops.get(user.userId, id);
  }

  @Patch(':id')
  @Needs('admin')
  @Route({
    summary: 'Changes one of my shops',
    ok: ShopDto,
    errors: [ShopNotFound, ShopReadOnly, SlugTaken],
  })
  update(
    @SignedIn() { userId }: Principal,
    @Param('id', IdPipe) shopId: string,
    @NeededRole() needed: MemberRole,
    @Body() changes: UpdateShopDto,
    @IfMatch() ifMatch: Precondition,
  ): Promise<ShopDto> {
    return this.shops.update({ userId, shopId, needed }, changes, ifMatch);
  }
}
