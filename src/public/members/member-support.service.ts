import { Injectable } from '@nestjs/common';
import { PublicDatabase } from '../../database/control-database';
import { recordAudit } from '../../tenancy/audit-log';
import { type Operator, operatorEvent } from '../../tenancy/operator';
import { getNamedShopId, lockNamedShop } from '../shops/named-shop';
import { getUserByEmail } from '../users/users';
import { addMember, changeRole, findMember, getMember, membersOf, removeMember } from './members';
import { type AddMemberDto, type MemberDto, toMemberDto } from './members.dto';

/**
 * Lists and changes the members of any shop, for operators. The shop keeps at least one owner, who finds each change in the
 * shop's audit log. Shops are named by slug, id, or a slug of the last 30 days.
 */
@Injectable()
export class MemberSupportService {
  constructor(private readonly database: PublicDatabase) {}

  /** Lists all members, by user id. @throws ShopNotFound */
  list(shop: string): Promise<MemberDto[]> {
    return this.database.run(async (manager) => {
      const members = await membersOf(manager, await getNamedShopId(manager, shop)).getMany();
      return members.map(toMemberDto);
    });
  }

  /**
   * Adds a registered user, or gives a member another role.
   * @returns the member, and whether anything changed
   * @throws ShopNotFound, UserNotFound, LastOwner, SeatsTaken
   */
  set(
    operator: Operator,
    shop: string,
    { email, role }: AddMemberDto,
  ): Promise<{ member: MemberDto; hasChanged: boolean }> {
    return this.database.transaction(async (manager) => {
      const { id: shopId } = await lockNamedShop(manager, shop);
      const user = await getUserByEmail(manager, email);
      const present = await findMember(manager, shopId, user.id);
      if (present?.role === role) return { member: toMemberDto(present), hasChanged: false };
      const member =
        present === null
          ? await addMember(manager, shopId, user, role)
          : await changeRole(manager, present, role);
      const action = present === null ? 'member.added' : 'member.changed';
      await recordAudit(manager, operatorEvent(operator, action, shopId, { userId: user.id, role }));
      return { member: toMemberDto(member), hasChanged: true };
    });
  }

  /** Ends a membership, within 5 s in every process. @throws ShopNotFound, UserNotFound, MemberNotFound, LastOwner */
  remove(operator: Operator, shop: string, email: string): Promise<MemberDto> {
    return this.database.transaction(async (manager) => {
      const { id: shopId } = await lockNamedShop(manager, shop);
      const user = await getUserByEmail(manager, email);
      const member = await getMember(manager, shopId, user.id);
      await removeMember(manager, member);
      const details = { userId: user.id, role: member.role };
      await recordAudit(manager, operatorEvent(operator, 'member.removed', shopId, details));
      return toMemberDto(member);
    });
  }
}
