import { Injectable } from '@nestjs/common';
import { PasswordResetService } from '../../public/auth/password-reset.service';
import { SessionSupportService } from '../../public/auth/session-support.service';
import { MemberSupportService } from '../../public/members/member-support.service';
import type { MemberDto } from '../../public/members/members.dto';
import type { Operator } from '../../tenancy/operator';
import type { IssueResetDto, LiveSessionsDto, MembersDto, NamedUserDto, ResetDto } from './users.dto';

/** Members of shops, and the accounts of users: what support is asked for every day. */
@Injectable()
export class PeopleService {
  constructor(
    private readonly members: MemberSupportService,
    private readonly resets: PasswordResetService,
    private readonly sessions: SessionSupportService,
  ) {}

  async listMembers(shop: string): Promise<MembersDto> {
    return { members: await this.members.list(shop) };
  }

  removeMember(by: Operator, shop: string, { email }: NamedUserDto): Promise<MemberDto> {
    return this.members.remove(by, shop, email);
  }

  issueReset(by: Operator, { email, hours }: IssueResetDto): Promise<ResetDto> {
    return this.resets.issue(by, email, hours);
  }

  async listSessions({ email }: NamedUserDto): Promise<LiveSessionsDto> {
    return { sessions: await this.sessions.list(email) };
  }

  async endSessions(by: Operator, { email }: NamedUserDto): Promise<LiveSessionsDto> {
    return { sessions: await this.sessions.end(by, email) };
  }
}
