import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Route } from '../../http/route';
import { LastOwner, MemberNotFound, SeatsTaken } from '../../public/members/members.errors';
import { MemberSupportService } from '../../public/members/member-support.service';
import { AddMemberDto, MemberDto } from '../../public/members/members.dto';
import { UserNotFound } from '../../public/users/users.errors';
import type { Operator } from '../../tenancy/operator';
import { ShopNotFound, ShopNotReady } from '../../tenancy/tenancy.errors';
import { Acting, Allows } from '../accounts/operator-role';
import { NamedShop } from '../shops/shop-name';
import { PeopleService } from './people.service';
import {
  IssueResetDto,
  LiveSessionsDto,
  MemberChangeDto,
  MembersDto,
  NamedUserDto,
  ResetDto,
} from './users.dto';

@ApiTags('people')
@Controller()
export class PeopleController {
  constructor(
    private readonly people: PeopleService,
    private readonly members: MemberSupportService,
  ) {}

  @Get('shops/:shop/members')
  @Allows('viewer')
  @Route({ summary: 'Lists all members of a shop', ok: MembersDto, errors: [ShopNotFound] })
  listMembers(@NamedShop() shop: string): Promise<MembersDto> {
    return this.people.listMembers(shop);
  }

  @Post('shops/:shop/members')
  @Allows('operator')
  @Route({
    summary: 'Adds a registered user to a shop, or gives a member another role',
    ok: MemberChangeDto,
    errors: [ShopNotFound, UserNotFound, LastOwner, SeatsTaken, ShopNotReady],
  })
  setMember(
    @Acting() by: Operator,
    @NamedShop() shop: string,
    @Body() member: AddMemberDto,
  ): Promise<MemberChangeDto> {
    return this.members.set(by, shop, member);
  }

  @Post('shops/:shop/members/remove')
  @Allows('operator')
  @Route({
    summary: 'Ends a membership within 5 s',
    ok: MemberDto,
    errors: [ShopNotFound, UserNotFound, MemberNotFound, LastOwner],
  })
  removeMember(
    @Acting() by: Operator,
    @NamedShop() shop: string,
    @Body() user: NamedUserDto,
  ): Promise<MemberDto> {
    return this.people.removeMember(by, shop, user);
  }

  @Post('users/reset-password')
  @Allows('operator')
  @Route({
    summary: 'Issues a token with which a user sets a new password, once',
    status: 201,
    ok: ResetDto,
    errors: [UserNotFound],
  })
  issueReset(@Acting() by: Operator, @Body() wanted: IssueResetDto): Promise<ResetDto> {
    return this.people.issueReset(by, wanted);
  }

  @Post('users/sessions')
  @Allows('viewer')
  @Route({
    summary: 'Lists the live sessions of a user; changes nothing',
    ok: LiveSessionsDto,
    errors: [UserNotFound],
  })
  listSessions(@Body() user: NamedUserDto): Promise<LiveSessionsDto> {
    return this.people.listSessions(user);
  }

  @Post('users/sessions/end')
  @Allows('operator')
  @Route({
    summary: 'Ends all sessions of a user within 5 s',
    ok: LiveSessionsDto,
    errors: [UserNotFound],
  })
  endSessions(@Acting() by: Operator, @Body() user: NamedUserDto): Promise<LiveSessionsDto> {
    return this.people.endSessions(by, user);
  }
}
