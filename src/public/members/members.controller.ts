import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { type Caller, From } from '../../http/caller.decorator';
import { InvalidCursor } from '../../common/common.errors';
import { type Page, PageQuery } from '../../http/page';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { Keyed, KeyedTransaction } from '../../tenancy/keyed.decorator';
import { NeededRole, Needs } from '../../tenancy/member-role';
import type { MemberRole, Principal } from '../../tenancy/tenant';
import { OwnerRequired, ShopNotFound, ShopNotReady, ShopReadOnly } from '../../tenancy/tenancy.errors';
import { SignedIn } from '../auth/principal.decorator';
import { AddMemberDto, MemberDto, UpdateMemberDto } from './members.dto';
import { UserNotFound } from '../users/users.errors';
import { AlreadyAMember, LastOwner, MemberNotFound, SeatsTaken } from './members.errors';
import { MembersService } from './members.service';

@ApiTags('members')
@ApiBearerAuth()
@Controller('shops/:id/members')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  @Get()
  @Needs('read_only')
  @Route({
    summary: 'Lists the members of one of my shops',
    ok: MemberDto,
    list: true,
    errors: [ShopNotFound, InvalidCursor],
  })
  list(
    @SignedIn() { userId }: Principal,
    @Param('id', IdPipe) shopId: string,
    @NeededRole() needed: MemberRole,
    @Query() page: PageQuery,
  ): Promise<Page<MemberDto>> {
    return this.members.list({ userId, shopId, needed }, page);
  }

  @Post()
  @Needs('admin')
  @Route({
    summary: 'Adds a registered user to one of my shops; an owner only by an owner',
    status: 201,
    ok: MemberDto,
    errors: [
      ShopNotFound,
      OwnerRequired,
      ShopReadOnly,
      UserNotFound,
      AlreadyAMember,
      SeatsTaken,
      ShopNotReady,
    ],
  })
  add(
    @SignedIn() { userId }: Principal,
    @Param('id', IdPipe) shopId: string,
    @NeededRole() needed: MemberRole,
    @Body() member: AddMemberDto,
    @From() caller: Caller,
    @Keyed() keyed: KeyedTransaction,
  ): Promise<MemberDto> {
    return this.members.add({ userId, shopId, needed }, member, caller, keyed);
  }

  @Patch(':userId')
  @Needs('admin')
  @Route({
    summary: 'Changes the role of a member of one of my shops; to or from owner only by an owner',
    ok: MemberDto,
    errors: [ShopNotFound, OwnerRequired, ShopReadOnly, MemberNotFound, LastOwner, ShopNotReady],
  })
  update(
    @SignedIn() { userId }: Principal,
    @Param('id', IdPipe) shopId: string,
    @NeededRole() needed: MemberRole,
    @Param('userId', IdPipe) memberId: string,
    @Body() changes: UpdateMemberDto,
    @From() caller: Caller,
  ): Promise<MemberDto> {
    return this.members.update({ userId, shopId, needed }, memberId, changes, caller);
  }

  @Delete(':userId')
  @Needs('admin')
  @Route({
    summary: 'Removes a member from one of my shops, an owner only by an owner; or myself, whatever my role',
    status: 204,
    errors: [ShopNotFound, OwnerRequired, ShopReadOnly, MemberNotFound, LastOwner],
  })
  remove(
    @SignedIn() { userId }: Principal,
    @Param('id', IdPipe) shopId: string,
    @NeededRole() needed: MemberRole,
    @Param('userId', IdPipe) memberId: string,
    @From() caller: Caller,
  ): Promise<void> {
    return this.members.remove({ userId, shopId, needed }, memberId, caller);
  }
}
