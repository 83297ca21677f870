import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../http/caller.decorator';
import { InvalidCursor } from '../../common/common.errors';
import { isId } from '../../common/ids';
import { type Page, type PageQuery, toPage } from '../../http/page';
import { PublicDatabase } from '../../database/control-database';
import { type AuditAction, recordAudit } from '../../tenancy/audit-log';
import type { KeyedTransaction } from '../../tenancy/keyed.decorator';
import { requireRole } from '../../tenancy/member-role';
import type { Membership } from '../shops/membership.entity';
import { getMembership, lockShop, type MemberScope } from '../shops/memberships';
import { User } from '../users/user.entity';
import { UserNotFound } from '../users/users.errors';
import { addMember, changeRole, getMember, membersOf, removeMember } from './members';
import { type AddMemberDto, type MemberDto, toMemberDto, type UpdateMemberDto } from './members.dto';
import type { MemberRole } from '../../tenancy/tenant';

/**
 * Manages the members of shops. Admins may change all but owners, who are added, changed and removed by owners. A suspended
 * shop is closed to its members' work, but not to these changes; a read-only shop is. Tenant routes follow a change within 5 s.
 */
@Injectable()
export class MembersService {
  constructor(private readonly database: PublicDatabase) {}

  /** Lists the members by user id. Every member of the shop may do so. */
  async list(
    { userId, shopId, needed }: MemberScope,
    { limit, cursor }: PageQuery,
  ): Promise<Page<MemberDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const members = await this.database.run(async (manager) => {
      requireRole((await getMembership(manager, userId, shopId)).role, needed);
      const query = membersOf(manager, shopId).limit(limit + 1);
      return (cursor === undefined ? query : query.andWhere('m.user_id > :cursor', { cursor })).getMany();
    });
    return toPage(members, limit, (member) => member.userId, toMemberDto);
  }

  /** Adds a registered user to `memberships` and to the shop's own `members`. */
  add(
    scope: MemberScope,
    { email, role }: AddMemberDto,
    caller: Caller,
    keyed: KeyedTransaction,
  ): Promise<MemberDto> {
    const { shopId } = scope;
    return keyed.run(this.database, async (manager) => {
      const own = await lockShop(manager, scope);
      requireRole(own.role, scope.needed);
      requireAuthority(own, role);
      const user = await manager.findOneBy(User, { email });
      if (user === null) throw new UserNotFound();
      const member = await addMember(manager, shopId, user, role);
      await record(manager, 'member.added', scope, caller, { userId: user.id, role });
      return toMemberDto(member);
    });
  }

  update(
    scope: MemberScope,
    memberId: string,
    { role }: UpdateMemberDto,
    caller: Caller,
  ): Promise<MemberDto> {
    const { shopId } = scope;
    return this.database.transaction(async (manager) => {
      const own = await lockShop(manager, scope);
      requireRole(own.role, scope.needed);
      const member = await getMember(manager, shopId, memberId);
      requireAuthority(own, member.role, role);
      if (member.role === role) return toMemberDto(member);
      const changed = await changeRole(manager, member, role);
      await record(manager, 'member.changed', scope, caller, { userId: member.userId, role });
      return toMemberDto(changed);
    });
  }

  /** Ends a membership; members may end their own. */
  async remove(scope: MemberScope, memberId: string, caller: Caller): Promise<void> {
    const { shopId } = scope;
    await this.database.transaction(async (manager) => {
      const own = await lockShop(manager, scope);
      const isOwn = memberId.toLowerCase() === own.userId;
      if (!isOwn) requireRole(own.role, scope.needed);
      const member = await getMember(manager, shopId, memberId);
      if (!isOwn) requireAuthority(own, member.role);
      const { userId, role } = member;
      await removeMember(manager, member);
      await record(manager, 'member.removed', scope, caller, { userId, role });
    });
  }
}

/** Requires an owner if one of the roles that a member has, gets or loses is that of an owner. @throws OwnerRequired */
function requireAuthority(own: Membership, ...roles: MemberRole[]): void {
  if (roles.includes('owner')) requireRole(own.role, 'owner');
}

function record(
  manager: EntityManager,
  action: AuditAction,
  { userId: actorId, shopId }: MemberScope,
  { requestId }: Caller,
  details: { userId: string; role: MemberRole },
): Promise<void> {
  return recordAudit(manager, { action, actorId, shopId, requestId, details });
}
