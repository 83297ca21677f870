import type { Client } from 'pg';
import { groupBy } from '../../../common/group-by';
import { findPublicRights } from '../../../database/hardening';
import type { Roles } from '../../../database/roles';
import type { Observation } from '../findings';

/** Finds rights on PostgreSQL's own objects that PUBLIC, and so every shop's role, still has. */
export async function findUnhardened(client: Client, roles: Roles): Promise<Observation[]> {
  const byRule = groupBy(await findPublicRights(client, roles), ({ rule }) => rule);
  return [...byRule].map(([rule, rights]) => ({
    check: 'hardening',
    schema: null,
    object: rule,
    detail: `PUBLIC still has ${rights.length} right(s), such as on ${rights[0]!.object}: ${rights[0]!.reason}`, // never empty
  }));
}
