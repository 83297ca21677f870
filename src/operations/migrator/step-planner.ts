import { newId } from '../../common/ids';
import { OperatorError } from '../../common/report';
import type { EngineClient } from '../../database/engine-client';
import { quoteLiteral } from '../../database/identifiers';
import type { Roles } from '../../database/roles';
import { editedFiles, type Migration, type VersionRow } from '../../database/schema-migrations';
import { historyChecksum, type MigrationHistory, newestVersion } from '../../tenancy/migration-history';
import { actAsOwner, provisionSql } from '../../tenancy/provision-sql';
import { TenantLocator } from '../../tenancy/tenant-locator';
import { fileEdited } from '../edited-files';
import { faultOf } from '../faults';
import type { ReconnectingClient } from '../reconnecting-client';
import type { MigrationTarget } from './run-options';

/** One migration to apply to, or to undo on, tenants with one migration history. */
export interface Step {
  migration: Migration;
  direction: 'up' | 'down';
  /** Checksum of the tenant's history before and after the step. */
  before: string;
  after: string;
  /** Newest version of the tenant after the step. */
  version: number;
  /** Shape of the tenant's schema after the step, taken from a reference schema. */
  shape: string;
}

/** Thrown for a history with migrations that this program does not know: somebody must investigate. */
export class UnknownHistory extends Error {
  readonly code = 'ST004';
}

/**
 * Plans the steps that bring a tenant from its migration history to the target. A fleet has few distinct histories, so
 * each is planned once and kept; tenants only name the checksum of theirs.
 */
export class StepPlanner {
  readonly targetChecksum: string;
  readonly targetVersion: number;
  private readonly plans = new Map<string, Promise<readonly Step[]>>();
  private turn: Promise<unknown> = Promise.resolve();
  /** By checksum: histories that this program produces, and those with gaps that were read from schemas. */
  private readonly histories: Map<string, MigrationHistory>;

  /** @param client connection on which reference schemas are made, one at a time */
  constructor(
    private readonly client: ReconnectingClient,
    private readonly roles: Roles,
    private readonly target: MigrationTarget,
  ) {
    this.targetChecksum = historyChecksum(target.wanted);
    this.targetVersion = newestVersion(target.wanted);
    const prefixes = Array.from({ length: target.known.length + 1 }, (_, i) => target.known.slice(0, i));
    this.histories = new Map(prefixes.map((prefix) => [historyChecksum(prefix), prefix]));
  }

  /** True when tenants with this history need steps. Tenants that a newer program took further do not. */
  isPending({ checksum, version }: { checksum: string; version: number }): boolean {
    const { undone } = this.target;
    if (undone !== undefined) return version === undone.version;
    return checksum !== this.targetChecksum && version <= this.targetVersion;
  }

  /** History with this checksum, if this program produces it or has met it. */
  historyOf(checksum: string): MigrationHistory | undefined {
    return this.histories.get(checksum);
  }

  /**
   * Steps for tenants with this history, in order. Empty for a history that has more than the target.
   * @throws OperatorError naming a migration file that was edited, or that fails in a new tenant; UnknownHistory
   */
  stepsFrom(history: MigrationHistory): Promise<readonly Step[]> {
    const checksum = historyChecksum(history);
    const known = this.plans.get(checksum);
    if (known !== undefined) return known;
    const steps = this.turn.then(() => this.plan(history));
    this.plans.set(checksum, steps);
    this.turn = steps.catch(() => {
      this.plans.delete(checksum); // the server may be back next time
      return this.client.reset();
    });
    return steps;
  }

  private async plan(history: MigrationHistory): Promise<readonly Step[]> {
    const { known, wanted, undone } = this.target;
    assertKnown(history, known);
    this.histories.set(historyChecksum(history), history);
    const done = new Set(history.map(({ version }) => version));
    const base = known.filter(({ version }) => done.has(version));
    if (undone !== undefined) return done.has(undone.version) ? [await this.planUndo(base)] : [];
    const pending = wanted.filter(({ version }) => !done.has(version));
    if (pending.length === 0) return [];
    const shapes = await shapesAfter(await this.client.client(), this.roles, base, pending, 'up');
    return pending.map((migration, i) => {
      const before = [...base, ...pending.slice(0, i)];
      return stepOf(migration, 'up', before, [...before, migration], shapes[i]!); // one per step
    });
  }

  private async planUndo(base: readonly Migration[]): Promise<Step> {
    const migration = base.at(-1)!; // `isPending` selects tenants whose newest migration is `undone`
    const [shape] = await shapesAfter(await this.client.client(), this.roles, base, [migration], 'down');
    return stepOf(migration, 'down', base, base.slice(0, -1), shape!); // one per step
  }
}

function stepOf(
  migration: Migration,
  direction: Step['direction'],
  before: readonly Migration[],
  after: readonly Migration[],
  shape: string,
): Step {
  return {
    migration,
    direction,
    before: historyChecksum(before),
    after: historyChecksum(after),
    version: newestVersion(after),
    shape,
  };
}

function assertKnown(history: MigrationHistory, migrations: readonly Migration[]): void {
  const rows = history.map((row): VersionRow => ({ name: nameOf(row.version, migrations), ...row }));
  const [edited] = editedFiles(rows, migrations);
  if (edited !== undefined) throw fileEdited(edited);
  const known = new Set(migrations.map(({ version }) => version));
  const unknown = history.filter(({ version }) => !known.has(version)).map(({ version }) => version);
  if (unknown.length > 0)
    throw new UnknownHistory(`it has ${unknown.join(', ')}, which this program does not know`);
}

function nameOf(version: number, migrations: readonly Migration[]): string {
  return migrations.find((migration) => migration.version === version)?.name ?? String(version);
}

/**
 * Shapes of a reference schema that has `base`, after each further step. The reference is made by the SQL that makes
 * real tenants, inspected, and rolled back.
 * @throws OperatorError naming the file that fails
 */
async function shapesAfter(
  client: EngineClient,
  roles: Roles,
  base: readonly Migration[],
  steps: readonly Migration[],
  direction: Step['direction'],
): Promise<string[]> {
  const placement = new TenantLocator().locate(newId());
  try {
    const provisioned = client.exec(`BEGIN; ${provisionSql(placement, roles, base)}`);
    await orRefused('The history of migrations', provisioned);
    const shapes: string[] = [];
    for (const step of steps) {
      const file = `migrations/tenant/${step.name}`;
      const taken = client.exec(
        `${actAsOwner(placement.schema, roles.owner)} ${withoutCommit(step[direction])}`,
      );
      await orRefused(file, taken);
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
    await client.exec('ROLLBACK');
  }
}

async function orRefused(subject: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (faultOf(error) !== 'tenant') throw error;
    throw new OperatorError(`${subject} fails in a new tenant, so it is applied to no shop.`, {
      cause: error,
    });
  }
}

/** PL/pgSQL executes everything but BEGIN, COMMIT and the like. In a real tenant a COMMIT would leave half a step. */
function withoutCommit(sql: string): string {
  return `DO ${quoteLiteral(`BEGIN EXECUTE ${quoteLiteral(sql)}; END`)};`;
}
