import type { Roles } from '../../database/roles';
import { editedFiles, type Migration, type VersionRow } from '../../database/schema-migrations';
import { type History, historyChecksum, newestVersion } from '../../tenancy/migration-history';
import { fileEdited } from '../edited-files';
import type { Goal } from './goal';
import type { Lane } from '../reconnecting-client';
import { shapesAfter } from './shapes';

/** One migration for tenants that are at one place of their history. */
export interface Step {
  migration: Migration;
  direction: 'up' | 'down';
  /** Checksum of the history that the tenant has now, and will have. */
  before: string;
  after: string;
  /** Newest version that it will have. */
  version: number;
  /** Shape that it will have, by the reference. */
  shape: string;
}

/** A history that this program did not make: somebody must look. */
export class UnknownHistory extends Error {
  readonly code = 'ST004';
}

/**
 * From where tenants are to where they are to be. A fleet has few distinct histories, so each is worked out once
 * and kept; tenants only name theirs.
 */
export class Routes {
  private readonly known = new Map<string, Promise<readonly Step[]>>();
  private turn: Promise<unknown> = Promise.resolve();

  private readonly target: readonly Migration[];
  /** By checksum: those that the program makes itself, and those with a gap that were read from schemas. */
  private readonly histories: Map<string, History>;

  /** @param lane connection for looking at references, one at a time */
  constructor(
    private readonly lane: Lane,
    private readonly roles: Roles,
    private readonly goal: Goal,
  ) {
    this.target = goal.target;
    const prefixes = Array.from({ length: goal.migrations.length + 1 }, (_, i) =>
      goal.migrations.slice(0, i),
    );
    this.histories = new Map(prefixes.map((prefix) => [historyChecksum(prefix), prefix]));
  }

  /** Whether there is something to do for tenants of this history. Those that a newer program took further wait for that. */
  isPending({ checksum, version }: { checksum: string; version: number }): boolean {
    if (this.goal.undone !== undefined) return version === this.goal.undone.version; // of whatever history
    return checksum !== this.targetChecksum && version <= this.targetVersion;
  }

  get targetChecksum(): string {
    return historyChecksum(this.target);
  }

  get targetVersion(): number {
    return newestVersion(this.target);
  }

  /** The history that a checksum stands for, if the program makes it itself or has met it. */
  historyOf(checksum: string): History | undefined {
    return this.histories.get(checksum);
  }

  /**
   * Steps for tenants with that history, in order. Empty for one that has more than the target.
   * @throws OperatorError naming a migration file that was edited since, or that a new tenant refuses;
   *   UnknownHistory
   */
  steps(history: History): Promise<readonly Step[]> {
    const checksum = historyChecksum(history);
    const known = this.known.get(checksum);
    if (known !== undefined) return known;
    const steps = this.turn.then(() => this.workOut(history));
    this.known.set(checksum, steps);
    this.turn = steps.catch(() => {
      this.known.delete(checksum); // the server may be back when it is asked for again
      return this.lane.reset();
    });
    return steps;
  }

  private async workOut(history: History): Promise<readonly Step[]> {
    assertKnown(history, this.goal.migrations);
    this.histories.set(historyChecksum(history), history);
    const done = new Set(history.map(({ version }) => version));
    const base = this.goal.migrations.filter(({ version }) => done.has(version));
    if (this.goal.undone !== undefined)
      return done.has(this.goal.undone.version) ? [await this.stepBack(base)] : [];
    const pending = this.target.filter(({ version }) => !done.has(version));
    if (pending.length === 0) return [];
    const shapes = await shapesAfter(await this.lane.client(), this.roles, base, pending);
    return pending.map((migration, i) => {
      const before = [...base, ...pending.slice(0, i)];
      const after = [...before, migration];
      return step(migration, 'up', before, after, shapes[i]!); // one a step
    });
  }

  private async stepBack(base: readonly Migration[]): Promise<Step> {
    const migration = base.at(-1)!; // isPending has seen to it that this is `undone`
    const [shape] = await shapesAfter(await this.lane.client(), this.roles, base, [migration], 'down');
    return step(migration, 'down', base, base.slice(0, -1), shape!); // one a step
  }
}

function step(
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

function assertKnown(history: History, migrations: readonly Migration[]): void {
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
