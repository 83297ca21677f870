import type { Roles } from '../../database/roles';
import { newId } from '../../common/ids';
import type { OpeningClient } from '../../database/borrowed-client';
import { quoteLiteral } from '../../database/identifiers';
import type { Migration } from '../../database/schema-migrations';
import { enterAsOwner, provisionSql } from '../provision-sql';
import { TenantLocator } from '../tenant-locator';

/**
 * Shapes of a new tenant that has `base`, after each further step: made by the SQL that makes real tenants, looked
 * at, and rolled back.
 * @param direction `down`: the shapes after undoing each of `steps` instead
 */
export async function shapesAfter(
  client: OpeningClient,
  roles: Roles,
  base: readonly Migration[],
  steps: readonly Migration[],
  direction: 'up' | 'down' = 'up',
): Promise<string[]> {
  const placement = new TenantLocator().locate(newId());
  await client.open(`BEGIN; ${provisionSql(placement, roles, base)}`);
  try {
    const shapes: string[] = [];
    for (const step of steps) {
      await client.open(`${enterAsOwner(placement.schema, roles.owner)} ${step[direction]}`);
      const { rows } = await client.query<{ shape: string }>(
        `SELECT public.tenant_shape(${quoteLiteral(placement.schema)}) AS shape`,
      );
      shapes.push(rows[0]!.shape); // a function has one row
    }
    return shapes;
  } finally {
    await client.open('ROLLBACK');
  }
}
