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
      await client.open(`${enterAsOwner(placement.schema, roles.owner)} ${withoutCommit(step[direction])}`);
      const { rows } = await client.query<{ shape: string; isInside: boolean }>(
        `SELECT public.tenant_shape(${quoteLiteral(placement.schema)}) AS shape,
           current_user = $1 AND current_schema() = $2 AS "isInside"`,
        [roles.owner, placement.schema],
      );
      const { shape, isInside } = rows[0]!; // no table, so one row
      if (!isInside) throw new Error('it changes the role or the search path');
      shapes.push(shape);
    }
    return shapes;
  } finally {
    await client.open('ROLLBACK');
  }
}

/** PL/pgSQL executes all but BEGIN, COMMIT and their like. In a real tenant a COMMIT would leave half a step behind. */
function withoutCommit(sql: string): string {
  return `DO ${quoteLiteral(`BEGIN EXECUTE ${quoteLiteral(sql)}; END`)};`;
}
