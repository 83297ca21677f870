import { quoteIdent, quoteLiteral } from '../../../database/identifiers';
import { VERSION_TABLE } from '../../../database/schema-migrations';
import type { Difference } from '../structure';
import type { Drift } from '../drift';
import { columnSql } from './repair-columns';
import { constraintStatement } from './repair-constraints';
import { indexStatement } from './repair-indexes';
import { partsOf, type Parts } from './component';
import { qualified, type Statement } from './statement';

export function mendTables(drift: Drift, why: (row: Difference) => string): Statement[] {
  const tables = drift.structure.filter(({ kind }) => kind === 'table');
  const missing = tables.filter(({ found }) => found === null);
  const extra = tables.filter(({ expected }) => expected === null);
  const changed = tables.filter(({ expected, found }) => expected !== null && found !== null);
  return [
    ...missing.flatMap((row) => createTable(drift, row, why(row), extra)),
    ...changed.flatMap((row) => alterTable(drift, row, why(row))),
    ...(extra.length === 0 ? [] : [dropTables(drift, extra, extra.map(why))]),
  ];
}

/** As the reference has it, with all that is on it. */
function createTable(drift: Drift, { tbl }: Difference, why: string, extra: Difference[]): Statement[] {
  const table = qualified(drift, tbl);
  const columns = [...partsOf(drift, 'expected', 'column').values()].filter((column) => column.tbl === tbl);
  const { options, unlogged } = partsOf(drift, 'expected', 'table').get(tbl)!.parts; // it is expected
  const lines = columns
    .sort((a, b) => a.parts.position - b.parts.position)
    .map((column) => `  ${columnSql(column)}`);
  const cautions = [`DECIDE: the rows are gone; look in a backup, and at what migrations write into ${tbl}`];
  if (extra.length > 0)
    cautions.push(
      `DECIDE: if it was renamed to ${extra.map((row) => row.tbl).join(' or ')}, rename that back instead`,
    );
  const sql = `CREATE ${unlogged ? 'UNLOGGED ' : ''}TABLE ${table} (\n${lines.join(',\n')}\n)${
    options.length > 0 ? ` WITH (${options.join(', ')})` : ''
  }`;
  const of = [`belongs to ${tbl}`];
  const isOnTable = (part: { tbl: string }) => part.tbl === tbl;
  return [
    { phase: 'create tables', sql, why: [why], cautions },
    ...(tbl === VERSION_TABLE ? [writeDown(drift, table)] : []),
    ...[...partsOf(drift, 'expected', 'constraint').values()]
      .filter(isOnTable)
      .map((part) => constraintStatement(drift, part, of)),
    ...[...partsOf(drift, 'expected', 'index').values()]
      .filter(isOnTable)
      .map((part) => indexStatement(part, of)),
    ...rightsOn(drift, tbl, table, of),
  ];
}

/** Default privileges gave it what new tables have; some tables have less. */
function rightsOn(drift: Drift, tbl: string, table: string, why: string[]): Statement[] {
  const role = quoteIdent(drift.tenant.schema);
  const grant = drift.set?.reference.grants.find(({ kind, object }) => kind === 'table' && object === tbl);
  return [
    { phase: 'revoke', sql: `REVOKE ALL ON TABLE ${table} FROM ${role}`, why },
    ...(grant === undefined
      ? []
      : [{ phase: 'grant' as const, sql: `GRANT ${grant.rights} ON TABLE ${table} TO ${role}`, why }]),
  ];
}

function writeDown(drift: Drift, table: string): Statement {
  const rows = (drift.set?.migrations ?? []).map(
    ({ version, name, checksum }) => `  (${version}, ${quoteLiteral(name)}, ${quoteLiteral(checksum)})`,
  );
  return {
    phase: 'create tables',
    order: 1,
    sql: `INSERT INTO ${table} (version, name, checksum) VALUES\n${rows.join(',\n')}`,
    why: [`belongs to ${VERSION_TABLE}: what public.tenants says was applied`],
  };
}

/** Together, so that PostgreSQL finds the order. */
function dropTables(drift: Drift, extra: Difference[], why: string[]): Statement {
  const names = extra.map(({ tbl }) => qualified(drift, tbl));
  return {
    phase: 'drop tables',
    sql: `DROP TABLE ${names.join(', ')}`,
    why,
    cautions: [`LOSES DATA: all rows of ${extra.map(({ tbl }) => tbl).join(', ')}`],
  };
}

function alterTable(drift: Drift, { tbl }: Difference, why: string): Statement[] {
  const table = `ALTER TABLE ${qualified(drift, tbl)}`;
  const expected = partsOf(drift, 'expected', 'table').get(tbl)!.parts; // it is both expected and found
  const found = partsOf(drift, 'found', 'table').get(tbl)!.parts;
  const statements: Statement[] = [];
  const add = (sql: string, more: Partial<Statement> = {}) =>
    statements.push({ phase: 'alter tables', sql: `${table} ${sql}`, why: [why], ...more });
  if (found.unlogged !== expected.unlogged) add(expected.unlogged ? 'SET UNLOGGED' : 'SET LOGGED');
  if (found.rowSecurity !== expected.rowSecurity)
    add(`${expected.rowSecurity ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`);
  if (found.forced !== expected.forced) add(`${expected.forced ? '' : 'NO '}FORCE ROW LEVEL SECURITY`);
  // Only a superuser puts these triggers to sleep, and only one may wake them.
  if (found.unchecked)
    add('ENABLE TRIGGER ALL', {
      as: 'session',
      cautions: ['DECIDE: rows that came meanwhile may refer to nothing; drop and add the keys to find out'],
    });
  return [...statements, ...alterOptions(table, expected, found, why)];
}

function alterOptions(
  table: string,
  expected: Parts['table'],
  found: Parts['table'],
  why: string,
): Statement[] {
  const extra = found.options.filter((option) => !expected.options.includes(option));
  const lacking = expected.options.filter((option) => !found.options.includes(option));
  const statements: Statement[] = [];
  const add = (sql: string) => statements.push({ phase: 'alter tables', sql: `${table} ${sql}`, why: [why] });
  if (extra.length > 0) add(`RESET (${extra.map((option) => option.split('=')[0]).join(', ')})`);
  if (lacking.length > 0) add(`SET (${lacking.join(', ')})`);
  return statements;
}
