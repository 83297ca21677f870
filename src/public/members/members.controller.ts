import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { type Caller, From } from '../../http/caller.decorator';
import { InvalidCursor } from '../../common/common.errors';
import { type Page, PageQuery } from '../../http/page';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import type { Principal } from '../../tenancy/tenant';
import { OwnerRequired, ShopNotFound } from '../../tenancy/tenancy.errors';
import { SignedIn } from '../auth/principal.decorator';
import { AddMemberDto, MemberDto, UpdateMemberDto } from './members.dto';
import { AlreadyAMember, LastOwner, MemberNotFound, UserNotFound } from './members.errors';
import { MembersService } from './members.service';

@ApiTags('members')
@ApiBearerAuth()
@Controller('shops/:id/members')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  @Get()
  @Route({
    summary: 'Lists the members of one of my shops',
    ok: MemberDto,
    list: true,
    errors: [ShopNotFound, InvalidCursor],
  })
  list(
    @SignedIn() { userId }: Principal,
    @Param('id', IdPipe) shopId: string,
    @Query() page: PageQuery,
  ): Promise<Page<MemberDto>> {
    return this.members.list({ userId, shopId }, page);
  }

  @Post()
  @Route({
    summary: 'Adds a registered user to a shop that I own',
    status: 201,
    ok: MemberDto,
    errors: [ShopNotFound, OwnerRequired, UserNotFound, AlreadyAMember],
  })
  add(
    @SignedIn() { userId }: Principal,
    @Param('id', IdPipe) shopId: string,
    @Body() member: AddMemberDto,
    @From() caller: Caller,
  ): Promise<MemberDto> {
    return this.members.add({ userId, shopId }, member, caller);
  }

  @Patch(':userId')
  @Route({
    summary: 'Changes the role of a member of a shop that I own',
    ok: MemberDto,
    errors: [ShopNotFound, OwnerRequired, MemberNotFound, LastOwner],
  })
  update(
    @SignedIn() { userId }: Principal,
    @Param('id', IdPipe) shopId: string,
    @Param('userId', IdPipe) memberId: string,
    @Body() changes: UpdateMemberDto,
    @From() caller: Caller,
  ): Promise<MemberDto> {
    return this.members.update({ userId, shopId }, memberId, changes, caller);
  }

  @Delete(':userId')
  @Route({
    summary: 'Removes a member from a shop that I own, or myself from a shop',
    status: 204,
    errors: [ShopNotFound, OwnerRequired, MemberNotFound, LastOwner],
  })
  remove(
    @SignedIn() { userId }: Principal,
    @Param('id', IdPipe) shopId: string,
    @Param('userId', IdPipe) memberId: string,
    @From() caller: Caller,
  ): Promise<void> {
    return this.members.remove({ userId, shopId }, memberId, caller);
  }
}
