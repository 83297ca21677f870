import { newId } from '../../common/ids';
import { OperatorError } from '../../common/report';
import type { Roles } from '../../database/roles';
import type { OpeningClient } from '../../database/borrowed-client';
import { quoteLiteral } from '../../database/identifiers';
import type { Migration } from '../../database/schema-migrations';
import { enterAsOwner, provisionSql } from '../../tenancy/provision-sql';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { faultOf } from '../faults';

/**
 * Shapes of a new tenant that has `base`, after each further step: made by the SQL that makes real tenants, looked
 * at, and rolled back.
 * @throws OperatorError naming the file that a new tenant refuses
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
  try {
    const made = client.open(`BEGIN; ${provisionSql(placement, roles, base)}`);
    await refusedAs('What was applied before', made);
    const shapes: string[] = [];
    for (const step of steps) {
      const file = `migrations/tenant/${step.name}`;
      const taken = client.open(
        `${enterAsOwner(placement.schema, roles.owner)} ${withoutCommit(step[direction])}`,
      );
      await refusedAs(file, taken);
      const { rows } = await client.query<{ shape: string; isInside: boolean }>(
        `SELECT public.tenant_shape(${quoteLiteral(placement.schema)}) AS shape,
           current_user = $1 AND current_schema() = $2 AS "isInside"`,
        [roles.owner, placement.schema],
      );
      const { shape, isInside } = rows[0]!; // no table, so one row
      if (!isInside) throw new OperatorError(`${file} changes the role or the search path.`);
      shapes.push(shape);
    }
    return shapes;
  } finally {
    await client.open('ROLLBACK');
  }
}

async function refusedAs(what: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (faultOf(error) !== 'tenant') throw error;
    throw new OperatorError(`${what} fails in a new tenant, so no shop gets it.`, { cause: error });
  }
}

/** PL/pgSQL executes all but BEGIN, COMMIT and their like. In a real tenant a COMMIT would leave half a step behind. */
function withoutCommit(sql: string): string {
  return `DO ${quoteLiteral(`BEGIN EXECUTE ${quoteLiteral(sql)}; END`)};`;
}
