import { quoteIdent } from '../../../database/identifiers';
import type { Drift } from '../drift';
import { type Difference, observationOf } from '../structure';
import { type Component, componentsOf } from './component';
import { alterTable, reasonOf, type Statement } from './statement';

type Constraint = Component<'constraint'>;

export function repairConstraints(drift: Drift): Statement[] {
  const rows = drift.structure.filter(({ kind }) => kind === 'constraint');
  const expected = componentsOf(drift, 'expected', 'constraint');
  const found = componentsOf(drift, 'found', 'constraint');
  const renamed = pairs(rows);
  const others = rows.filter((row) => ![...renamed.keys(), ...renamed.values()].includes(row));
  const dropped: Constraint[] = [];
  const statements = others.flatMap((row) => {
    const [wanted, present] = [expected.get(row.object), found.get(row.object)];
    const why = [reasonOf(observationOf(row))];
    if (present?.components.type === 'n') return validateNotNull(drift, present, why);
    if (wanted !== undefined && row.found === `${row.expected} NOT VALID`)
      return [validate(drift, wanted, why, 'foreign keys')];
    if (present !== undefined) dropped.push(present);
    return [
      ...(present === undefined ? [] : [drop(drift, present, why)]),
      ...(wanted === undefined ? [] : [constraintStatement(drift, wanted, why)]),
    ];
  });
  for (const [missing, extra] of renamed) statements.push(rename(drift, extra, missing));
  return [...statements, ...keepReferences(drift, dropped)];
}

/** Drops and adds unchanged foreign keys that refer to a key that is dropped and added. */
function keepReferences(drift: Drift, dropped: readonly Constraint[]): Statement[] {
  const keys = dropped
    .filter(({ components }) => components.type === 'p' || components.type === 'u')
    .map(({ tbl }) => tbl);
  const reported = new Set(drift.structure.map(({ object }) => object));
  return [...componentsOf(drift, 'expected', 'constraint').values()]
    .filter(
      ({ tbl, object, components }) =>
        keys.includes(components.refersTo ?? '') && !reported.has(object) && !reported.has(tbl),
    )
    .flatMap((constraint) => {
      const why = [`refers to ${constraint.components.refersTo}, whose key changes`];
      return [drop(drift, constraint, why), constraintStatement(drift, constraint, why)];
    });
}

const MAY_FAIL: Record<string, string> = {
  p: 'MAY FAIL: if rows are equal, or NULL, in these columns',
  u: 'MAY FAIL: if rows are equal in these columns',
  x: 'MAY FAIL: if rows exclude each other',
  c: 'MAY FAIL: if a row violates it',
  f: 'MAY FAIL: if a row refers to nothing',
  n: 'MAY FAIL: if a value is NULL; fill it first',
};

const PHASE_OF: Record<string, Statement['phase']> = { c: 'checks', f: 'foreign keys' };

/** Adds it as the reference has it. */
export function constraintStatement(drift: Drift, constraint: Constraint, why: string[]): Statement {
  const { definition, type } = constraint.components;
  return {
    phase: PHASE_OF[type] ?? 'keys',
    sql: `${alterTable(drift, constraint.tbl)} ADD CONSTRAINT ${quoteIdent(constraint.name)} ${definition}`,
    why,
    cautions: [MAY_FAIL[type]!], // one for each type that is compared
  };
}

/** Foreign keys are dropped before the keys that they need. */
function drop(drift: Drift, { tbl, name, components }: Constraint, why: string[]): Statement {
  return {
    phase: 'drop constraints',
    order: components.type === 'f' ? 0 : 1,
    sql: `${alterTable(drift, tbl)} DROP CONSTRAINT ${quoteIdent(name)}`,
    why,
  };
}

function validate(
  drift: Drift,
  { tbl, name, components }: Constraint,
  why: string[],
  phase: Statement['phase'],
): Statement {
  const sql = `${alterTable(drift, tbl)} VALIDATE CONSTRAINT ${quoteIdent(name)}`;
  return { phase, sql, why, cautions: [MAY_FAIL[components.type]!] };
}

/** PostgreSQL 18 has a constraint for NOT NULL, which goes by itself if the column may be NULL. */
function validateNotNull(drift: Drift, constraint: Constraint, why: string[]): Statement[] {
  const columns = componentsOf(drift, 'expected', 'column');
  const isExpected = constraint.components.columns.every(
    (column) => columns.get(`${constraint.tbl}.${column}`)?.components.notNull === true,
  );
  return isExpected ? [validate(drift, constraint, why, 'checks')] : [];
}

function rename(drift: Drift, extra: Difference, missing: Difference): Statement {
  const nameOf = ({ tbl, object }: Difference) => quoteIdent(object.slice(tbl.length + 1));
  return {
    phase: 'drop constraints',
    sql: `${alterTable(drift, missing.tbl)} RENAME CONSTRAINT ${nameOf(extra)} TO ${nameOf(missing)}`,
    why: [missing, extra].map((row) => reasonOf(observationOf(row))),
  };
}

/** Pairs of a missing and an extra constraint that differ only in their names; to rename one costs nothing. */
function pairs(rows: readonly Difference[]): Map<Difference, Difference> {
  const extra = new Set(rows.filter(({ expected }) => expected === null));
  const found = new Map<Difference, Difference>();
  for (const missing of rows.filter((row) => row.found === null)) {
    const same = [...extra].find((row) => row.tbl === missing.tbl && row.found === missing.expected);
    if (same === undefined) continue;
    extra.delete(same);
    found.set(missing, same);
  }
  return found;
}
