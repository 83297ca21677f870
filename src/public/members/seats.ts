import type { EntityManager } from 'typeorm';
import { SeatsTaken } from './members.errors';

/** Requires a free seat for one more member. Call with the shop locked. @throws SeatsTaken */
export async function requireSeat(manager: EntityManager, shopId: string): Promise<void> {
  const [shop] = await manager.query<{ plan: string; seats: number | null; members: number }[]>(
    `SELECT s.plan, ((p.limits || s.limits)->>'seats')::int AS seats,
       (SELECT count(*)::int FROM memberships m WHERE m.shop_id = s.id) AS members
     FROM shops s JOIN plans p ON p.name = s.plan WHERE s.id = $1`,
    [shopId],
  );
  const { plan, seats, members } = shop!; // locked, so it exists
  if (seats !== null && members >= seats)
    throw new SeatsTaken({
      detail: `The plan ${plan} of this shop has seats for ${seats}; it has ${members} members.`,
    });
}
