import { Email, Flag, Id, ListOf, Nested, Text, Time, Whole } from '../../http/fields';
import type { LiveSession } from '../../public/auth/session-support.service';
import { MemberDto } from '../../public/members/members.dto';

/** Addresses come in bodies: a URL with one would stand in the logs of every proxy. */
export class NamedUserDto {
  @Email({ description: 'Address of a registered user.' })
  email: string;
}

export class IssueResetDto extends NamedUserDto {
  @Whole({ min: 1, max: 72, optional: true, example: 1, description: 'Validity in hours; default 1.' })
  hours: number = 1;
}

export class ResetDto {
  @Text({ max: 200, description: 'For one POST /api/v1/auth/reset-password. Shown only here.' })
  token: string;

  @Time()
  expiresAt: Date;
}

class LiveSessionDto implements LiveSession {
  @Id()
  id: string;

  @Time()
  createdAt: Date;

  @Time({ description: 'Time of the login or of the last refresh.' })
  lastUsedAt: Date;

  @Time({ description: 'End if it is not used.' })
  expiresAt: Date;

  @Text({ max: 60, nullable: true, example: 'corner-shop', description: 'Shop that it opened last.' })
  shop: string | null;

  @Text({ max: 60, nullable: true, example: '203.0.113.7', description: 'Network address of the login.' })
  address: string | null;
}

export class LiveSessionsDto {
  @ListOf(LiveSessionDto, { max: 10_000 })
  sessions: LiveSessionDto[];
}

export class MembersDto {
  @ListOf(MemberDto, { max: 10_000 })
  members: MemberDto[];
}

export class MemberChangeDto {
  @Nested(MemberDto)
  member: MemberDto;

  @Flag({ description: 'False if the member had the role before.' })
  hasChanged: boolean;
}
