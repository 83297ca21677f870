import { defineError } from '../../common/app-error';

export const UserNotFound = defineError('USER_NOT_FOUND', 404, 'Nobody has registered with this address.');
export const MemberNotFound = defineError('MEMBER_NOT_FOUND', 404, 'The shop has no such member.');
export const AlreadyAMember = defineError('ALREADY_A_MEMBER', 409, 'The user is a member of the shop.');
export const LastOwner = defineError('LAST_OWNER', 409, 'A shop keeps at least one owner.');
