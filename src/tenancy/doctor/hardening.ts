import type { Client } from 'pg';
import { openDoors } from '../../database/hardening';
import type { Roles } from '../../database/roles';
import type { Observation } from './findings';

/** What PUBLIC, and so every shop's role, can still reach of PostgreSQL's own. */
export async function findUnhardened(client: Client, roles: Roles): Promise<Observation[]> {
  return (await openDoors(client, roles)).map(({ object, reason }) => ({
    check: 'hardening',
    schema: null,
    object,
    detail: `open to PUBLIC: ${reason}`,
  }));
}
