import type { Client } from 'pg';
import { groupBy } from '../../../common/group-by';
import { openDoors } from '../../../database/hardening';
import type { Roles } from '../../../database/roles';
import type { Observation } from '../findings';

/** What PUBLIC, and so every shop's role, can still reach of PostgreSQL's own. */
export async function findUnhardened(client: Client, roles: Roles): Promise<Observation[]> {
  const byRule = groupBy(await openDoors(client, roles), ({ rule }) => rule);
  return [...byRule].map(([rule, doors]) => ({
    check: 'hardening',
    schema: null,
    object: rule,
    detail: `${doors.length} open to PUBLIC, such as ${doors[0]!.object}: ${doors[0]!.reason}`, // never empty
  }));
}
