import { defineError } from '../../common/app-error';

export const MemberNotFound = defineError('MEMBER_NOT_FOUND', 404, 'The shop has no such member.');
export const AlreadyAMember = defineError(
  'ALREADY_A_MEMBER',
  409,
  'The user is already a member of the shop.',
);
export const SeatsTaken = defineError('SEATS_TAKEN', 403, 'All seats of the plan are taken.');
export const LastOwner = defineError('LAST_OWNER', 409, 'A shop must have at least one owner.');
