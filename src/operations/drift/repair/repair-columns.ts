import { quoteIdent } from '../../../database/identifiers';
import type { Drift } from '../drift';
import { type Difference, observationOf } from '../structure';
import { type Component, type Components, componentsOf } from './component';
import { alterTable, reasonOf, type Statement } from './statement';

export function repairColumns(drift: Drift): Statement[] {
  const columns = drift.structure.filter(({ kind }) => kind === 'column');
  const expected = componentsOf(drift, 'expected', 'column');
  const found = componentsOf(drift, 'found', 'column');
  return columns.flatMap((row) => {
    const [wanted, present] = [expected.get(row.object), found.get(row.object)];
    const changes =
      wanted !== undefined && present !== undefined
        ? changeColumn(wanted, present.components)
        : [present === undefined ? addColumn(wanted!, row, columns) : dropColumn(present)]; // one of the two exists
    return changes.map(({ sql, caution = [], phase = 'alter tables' }, order): Statement => {
      const why = [reasonOf(observationOf(row))];
      return { phase, order, sql: `${alterTable(drift, row.tbl)} ${sql}`, why, cautions: caution };
    });
  });
}

/** An action of ALTER TABLE. */
interface Change {
  sql: string;
  caution?: string[];
  phase?: Statement['phase'];
}

const DEFAULT_COLLATION = '"default"';

/** Defines a column as in CREATE TABLE. */
export function columnSql({ name, components }: Component<'column'>): string {
  const { type, collation, expression, generated, notNull } = components;
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

function addColumn(column: Component<'column'>, row: Difference, all: readonly Difference[]): Change {
  const caution: string[] = [];
  if (column.components.notNull && column.components.expression === null)
    caution.push(
      'DECIDE: fails if the table has rows; then add it without NOT NULL, fill it, and SET NOT NULL',
    );
  const alike = all.filter(
    ({ tbl, expected, found }) => tbl === row.tbl && expected === null && found === row.expected,
  );
  if (alike.length > 0)
    caution.push(
      `DECIDE: if it was renamed, perhaps to ${alike.map(({ object }) => object).join(' or ')}, rename that back instead`,
    );
  return { sql: `ADD COLUMN ${columnSql(column)}`, caution };
}

function dropColumn({ name, object }: Component<'column'>): Change {
  const caution = [`LOSES DATA: the values of ${object}`];
  return { sql: `DROP COLUMN ${quoteIdent(name)}`, caution, phase: 'drop columns' };
}

function changeColumn(wanted: Component<'column'>, present: Components['column']): Change[] {
  const { name, components: expected } = wanted;
  const found = { ...present };
  const column = `ALTER COLUMN ${quoteIdent(name)}`;
  const changes: Change[] = [];
  if (found.generated === 's' && expected.generated === '') {
    changes.push({ sql: `${column} DROP EXPRESSION` });
    Object.assign(found, { generated: '', expression: null });
  }
  const isGenerated = found.generated !== '' || expected.generated !== '';
  if (isGenerated && (found.generated !== expected.generated || found.expression !== expected.expression))
    return replaceColumn(wanted, found);
  if (found.type !== expected.type || found.collation !== expected.collation) {
    if (found.expression !== null && !isGenerated) changes.push({ sql: `${column} DROP DEFAULT` });
    if (!isGenerated) found.expression = null;
    changes.push(changeType(wanted));
  }
  if (found.expression !== expected.expression && !isGenerated)
    changes.push({
      sql: `${column} ${expected.expression === null ? 'DROP DEFAULT' : `SET DEFAULT ${expected.expression}`}`,
    });
  if (found.notNull && !expected.notNull) changes.push({ sql: `${column} DROP NOT NULL` });
  if (!found.notNull && expected.notNull)
    changes.push({ sql: `${column} SET NOT NULL`, caution: ['MAY FAIL: if a value is NULL; fill it first'] });
  return changes;
}

/** PostgreSQL before 17 cannot change the expression of a generated column. */
function replaceColumn(wanted: Component<'column'>, found: Components['column']): Change[] {
  const caution = found.generated === '' ? [`LOSES DATA: the values of ${wanted.object}`] : [];
  return [
    { sql: `DROP COLUMN ${quoteIdent(wanted.name)}`, caution },
    {
      sql: `ADD COLUMN ${columnSql(wanted)}`,
      caution: ['DECIDE: its indexes and constraints were dropped with it: verify again afterwards'],
    },
  ];
}

/** The default is dropped before: its type would not follow. */
function changeType({ name, components: { type, collation } }: Component<'column'>): Change {
  const collate = collation === null ? '' : ` COLLATE ${collation}`;
  return {
    sql: `ALTER COLUMN ${quoteIdent(name)} TYPE ${type}${collate} USING ${quoteIdent(name)}::${type}`,
    caution: [
      'MAY FAIL: if a value does not fit the type, which may also truncate it; rewrites the whole table',
    ],
  };
}
