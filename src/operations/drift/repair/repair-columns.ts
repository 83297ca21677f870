import { quoteIdent } from '../../../database/identifiers';
import type { Difference } from '../structure';
import type { Drift } from '../drift';
import { type Part, type Parts, partsOf } from './component';
import { qualified, type Statement } from './statement';

export function mendColumns(drift: Drift, why: (row: Difference) => string): Statement[] {
  const columns = drift.structure.filter(({ kind }) => kind === 'column');
  const expected = partsOf(drift, 'expected', 'column');
  const found = partsOf(drift, 'found', 'column');
  return columns.flatMap((row) => {
    const [wanted, present] = [expected.get(row.object), found.get(row.object)];
    if (present === undefined) return addColumn(drift, wanted!, [why(row)], columns); // one of the two is there
    if (wanted === undefined) return dropColumn(drift, present, [why(row)]);
    return alterColumn(drift, wanted, present, [why(row)]);
  });
}

const DEFAULT_COLLATION = '"default"';

/** As in CREATE TABLE. */
export function columnSql({ name, parts }: Part<'column'>): string {
  const { type, collation, expression, generated, notNull } = parts;
  const kind = generated === 'v' ? 'VIRTUAL' : 'STORED';
  const value = generated === '' ? `DEFAULT ${expression}` : `GENERATED ALWAYS AS (${expression}) ${kind}`;
  return [
    quoteIdent(name),
    type,
    collation === null || collation === DEFAULT_COLLATION ? '' : `COLLATE ${collation}`,
    expression === null ? '' : value,
    notNull ? 'NOT NULL' : '',
  ]
    .filter((word) => word !== '')
    .join(' ');
}

function addColumn(
  drift: Drift,
  column: Part<'column'>,
  why: string[],
  all: readonly Difference[],
): Statement[] {
  const { tbl, object, parts } = column;
  const cautions: string[] = [];
  if (parts.notNull && parts.expression === null)
    cautions.push(
      'DECIDE: fails when the table has rows; then add it without NOT NULL, fill it, and SET NOT NULL',
    );
  const wanted = all.find((row) => row.object === object)?.expected;
  const alike = all.filter((row) => row.tbl === tbl && row.expected === null && row.found === wanted);
  if (alike.length > 0)
    cautions.push(
      `DECIDE: if it was renamed, as ${alike.map((row) => row.object).join(' or ')} may tell, rename that back instead`,
    );
  return [alter(drift, tbl, `ADD COLUMN ${columnSql(column)}`, why, cautions)];
}

function dropColumn(drift: Drift, { tbl, name, object }: Part<'column'>, why: string[]): Statement[] {
  const cautions = [`LOSES DATA: what is in ${object}`];
  return [{ ...alter(drift, tbl, `DROP COLUMN ${quoteIdent(name)}`, why, cautions), phase: 'drop columns' }];
}

function alterColumn(
  drift: Drift,
  wanted: Part<'column'>,
  present: Part<'column'>,
  why: string[],
): Statement[] {
  const { tbl, name, parts: expected } = wanted;
  const found = { ...present.parts };
  const column = `ALTER COLUMN ${quoteIdent(name)}`;
  const steps: Step[] = [];
  if (found.generated === 's' && expected.generated === '') {
    steps.push({ sql: `${column} DROP EXPRESSION` });
    Object.assign(found, { generated: '', expression: null });
  }
  const isGenerated = found.generated !== '' || expected.generated !== '';
  if (isGenerated && (found.generated !== expected.generated || found.expression !== expected.expression))
    return inOrder(drift, tbl, why, replaceColumn(wanted, found));
  if (found.type !== expected.type || found.collation !== expected.collation) {
    if (found.expression !== null && !isGenerated) steps.push({ sql: `${column} DROP DEFAULT` });
    if (!isGenerated) found.expression = null;
    steps.push(retype(wanted));
  }
  if (found.expression !== expected.expression && !isGenerated)
    steps.push({
      sql: `${column} ${expected.expression === null ? 'DROP DEFAULT' : `SET DEFAULT ${expected.expression}`}`,
    });
  if (found.notNull && !expected.notNull) steps.push({ sql: `${column} DROP NOT NULL` });
  if (!found.notNull && expected.notNull)
    steps.push({ sql: `${column} SET NOT NULL`, caution: 'MAY FAIL: when a row has none; fill them first' });
  return inOrder(drift, tbl, why, steps);
}

interface Step {
  sql: string;
  caution?: string;
}

/** PostgreSQL before 17 changes no expression. */
function replaceColumn(wanted: Part<'column'>, found: Parts['column']): Step[] {
  const lost = found.generated === '' ? { caution: `LOSES DATA: what is in ${wanted.object}` } : {};
  return [
    { sql: `DROP COLUMN ${quoteIdent(wanted.name)}`, ...lost },
    {
      sql: `ADD COLUMN ${columnSql(wanted)}`,
      caution: 'DECIDE: indexes and constraints on it went with it: verify again afterwards',
    },
  ];
}

/** Without a default, whose type would not follow. */
function retype({ name, parts: { type, collation } }: Part<'column'>): Step {
  const collate = collation === null ? '' : ` COLLATE ${collation}`;
  return {
    sql: `ALTER COLUMN ${quoteIdent(name)} TYPE ${type}${collate} USING ${quoteIdent(name)}::${type}`,
    caution:
      'MAY FAIL: when a value does not fit the type, which may also cut it; writes the whole table anew',
  };
}

function inOrder(drift: Drift, tbl: string, why: string[], steps: Step[]): Statement[] {
  return steps.map(({ sql, caution }, order) => ({
    ...alter(drift, tbl, sql, why, caution === undefined ? [] : [caution]),
    order,
  }));
}

function alter(drift: Drift, tbl: string, sql: string, why: string[], cautions: string[]): Statement {
  return { phase: 'alter tables', sql: `ALTER TABLE ${qualified(drift, tbl)} ${sql}`, why, cautions };
}
