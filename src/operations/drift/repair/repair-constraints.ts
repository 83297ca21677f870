import { quoteIdent } from '../../../database/identifiers';
import type { Difference } from '../structure';
import type { Drift } from '../drift';
import { type Part, partsOf } from './component';
import { qualified, type Statement } from './statement';

type Why = (row: Difference) => string;

export function mendConstraints(drift: Drift, why: Why): Statement[] {
  const rows = drift.structure.filter(({ kind }) => kind === 'constraint');
  const expected = partsOf(drift, 'expected', 'constraint');
  const found = partsOf(drift, 'found', 'constraint');
  const renamed = pairs(rows);
  const others = rows.filter((row) => ![...renamed.keys(), ...renamed.values()].includes(row));
  const dropped: Part<'constraint'>[] = [];
  const statements = others.flatMap((row) => {
    const [wanted, present] = [expected.get(row.object), found.get(row.object)];
    if (present?.parts.type === 'n') return validateNotNull(drift, present, [why(row)]);
    if (wanted !== undefined && row.found === `${row.expected} NOT VALID`)
      return [validate(drift, wanted, [why(row)])];
    if (present !== undefined) dropped.push(present);
    return [
      ...(present === undefined ? [] : [drop(drift, present, [why(row)])]),
      ...(wanted === undefined ? [] : [constraintStatement(drift, wanted, [why(row)])]),
    ];
  });
  for (const [missing, extra] of renamed)
    statements.push(rename(drift, extra, missing, [why(missing), why(extra)]));
  return [...statements, ...keepReferences(drift, dropped)];
}

/** Foreign keys that are as they should be, but refer to a key that goes and comes back. */
function keepReferences(drift: Drift, dropped: readonly Part<'constraint'>[]): Statement[] {
  const keys = dropped.filter(({ parts }) => parts.type === 'p' || parts.type === 'u').map(({ tbl }) => tbl);
  const told = new Set(drift.structure.map(({ object }) => object));
  return [...partsOf(drift, 'expected', 'constraint').values()]
    .filter(
      ({ tbl, object, parts }) => keys.includes(parts.refersTo ?? '') && !told.has(object) && !told.has(tbl),
    )
    .flatMap((part) => {
      const why = [`refers to ${part.parts.refersTo}, whose key changes`];
      return [drop(drift, part, why), constraintStatement(drift, part, why)];
    });
}

const MAY_FAIL: Record<string, string> = {
  p: 'MAY FAIL: when rows are equal, or empty, in these columns',
  u: 'MAY FAIL: when rows are equal in these columns',
  x: 'MAY FAIL: when rows exclude each other',
  c: 'MAY FAIL: when a row does not fit',
  f: 'MAY FAIL: when a row refers to nothing',
};

/** Adds it as the reference has it. */
export function constraintStatement(drift: Drift, part: Part<'constraint'>, why: string[]): Statement {
  const { definition, type } = part.parts;
  return {
    phase: phaseOf(type),
    sql: `${onTable(drift, part.tbl)} ADD CONSTRAINT ${quoteIdent(part.name)} ${definition}`,
    why,
    cautions: [MAY_FAIL[type]!], // one for each type that is compared
  };
}

function phaseOf(type: string): Statement['phase'] {
  if (type === 'f') return 'foreign keys';
  return type === 'c' ? 'checks' : 'keys';
}

/** Foreign keys go before the keys that they need. */
function drop(drift: Drift, { tbl, name, parts }: Part<'constraint'>, why: string[]): Statement {
  return {
    phase: 'drop constraints',
    order: parts.type === 'f' ? 0 : 1,
    sql: `${onTable(drift, tbl)} DROP CONSTRAINT ${quoteIdent(name)}`,
    why,
  };
}

function validate(drift: Drift, { tbl, name, parts }: Part<'constraint'>, why: string[]): Statement {
  const sql = `${onTable(drift, tbl)} VALIDATE CONSTRAINT ${quoteIdent(name)}`;
  return { phase: 'foreign keys', sql, why, cautions: [MAY_FAIL[parts.type]!] };
}

/** NOT NULL is a constraint of its own since PostgreSQL 18. It goes by itself where the column may be empty. */
function validateNotNull(drift: Drift, { tbl, name, parts }: Part<'constraint'>, why: string[]): Statement[] {
  const columns = partsOf(drift, 'expected', 'column');
  const isExpected = parts.columns.every((column) => columns.get(`${tbl}.${column}`)?.parts.notNull === true);
  if (!isExpected) return [];
  return [
    {
      phase: 'checks',
      sql: `${onTable(drift, tbl)} VALIDATE CONSTRAINT ${quoteIdent(name)}`,
      why,
      cautions: ['MAY FAIL: when a row has none; fill them first'],
    },
  ];
}

function rename(drift: Drift, extra: Difference, missing: Difference, why: string[]): Statement {
  const nameOf = ({ tbl, object }: Difference) => quoteIdent(object.slice(tbl.length + 1));
  const sql = `${onTable(drift, missing.tbl)} RENAME CONSTRAINT ${nameOf(extra)} TO ${nameOf(missing)}`;
  return { phase: 'drop constraints', sql, why };
}

/** Missing and extra constraints that are the same but for their names; to rename one costs nothing. */
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

function onTable(drift: Drift, tbl: string): string {
  return `ALTER TABLE ${qualified(drift, tbl)}`;
}
