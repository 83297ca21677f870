import { Email, Id, OneOf, Text, Time } from '../../http/fields';
import { type Membership } from '../shops/membership.entity';
import { MEMBER_ROLES, type MemberRole } from '../../tenancy/tenant';

const ROLE = {
  example: 'staff',
  description:
    'Owners may do everything; admins all but change owners; staff work in the shop; read-only members read.',
};

export class AddMemberDto {
  @Email({ example: 'grace@example.com', description: 'Address of a registered user.' })
  email: string;

  @OneOf(MEMBER_ROLES, ROLE)
  role: MemberRole;
}

export class UpdateMemberDto {
  @OneOf(MEMBER_ROLES, ROLE)
  role: MemberRole;
}

export class MemberDto {
  @Id()
  userId: string;

  @Email()
  email: string;

  @Text({ max: 120, example: 'Ada' })
  name: string;

  @OneOf(MEMBER_ROLES)
  role: MemberRole;

  @Time({ description: 'Time at which the user became a member.' })
  createdAt: string;
}

/** @param membership loaded with its user */
export function toMemberDto({ userId, role, createdAt, user }: Membership): MemberDto {
  return { userId, email: user.email, name: user.name, role, createdAt: createdAt.toISOString() };
}
