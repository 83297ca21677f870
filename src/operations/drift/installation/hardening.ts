import type { Client } from 'pg';
import { groupBy } from '../../../common/group-by';
import { findPublicRights } from '../../../database/hardening';
import type { Roles } from '../../../database/roles';
import type { Observation } from '../findings';

/** What PUBLIC, and so every shop's role, can still reach of PostgreSQL's own. */
export async function findUnhardened(client: Client, roles: Roles): Promise<Observation[]> {
  const byRule = groupBy(await findPublicRights(client, roles), ({ rule }) => rule);
  return [...byRule].map(([rule, rights]) => ({
    check: 'hardening',
    schema: null,
    object: rule,
    detail: `${rights.length} open to PUBLIC, such as ${rights[0]!.object}: ${rights[0]!.reason}`, // never empty
  }));
}
