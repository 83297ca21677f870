import { quoteIdent, quoteLiteral } from '../../../database/identifiers';
import { VERSION_TABLE } from '../../../database/schema-migrations';
import type { Drift } from '../drift';
import { type Difference, observationOf } from '../structure';
import { type Components, componentsOf } from './component';
import { columnSql } from './repair-columns';
import { constraintStatement } from './repair-constraints';
import { indexStatement } from './repair-indexes';
import { alterTable, qualified, reasonOf, type Statement } from './statement';

export function repairTables(drift: Drift): Statement[] {
  const tables = drift.structure.filter(({ kind }) => kind === 'table');
  const missing = tables.filter(({ found }) => found === null);
  const extra = tables.filter(({ expected }) => expected === null);
  const changed = tables.filter(({ expected, found }) => expected !== null && found !== null);
  return [
    ...missing.flatMap((row) => createTable(drift, row, extra)),
    ...changed.flatMap((row) => changeTable(drift, row)),
    ...(extra.length === 0 ? [] : [dropTables(drift, extra)]),
  ];
}

/** Creates it as the reference has it, with its constraints, indexes and rights. */
function createTable(drift: Drift, row: Difference, extra: Difference[]): Statement[] {
  const { tbl } = row;
  const table = qualified(drift, tbl);
  const expected = <K extends keyof Components>(kind: K) =>
    [...componentsOf(drift, 'expected', kind).values()].filter((component) => component.tbl === tbl);
  const { options, unlogged } = expected('table')[0]!.components; // the table is expected
  const columns = expected('column').sort((a, b) => a.components.position - b.components.position);
  const cautions = [`DECIDE: the rows are gone; check a backup, and what migrations write into ${tbl}`];
  if (extra.length > 0)
    cautions.push(
      `DECIDE: if it was renamed to ${extra.map((other) => other.tbl).join(' or ')}, rename that back instead`,
    );
  const sql = `CREATE ${unlogged ? 'UNLOGGED ' : ''}TABLE ${table} (\n${columns
    .map((column) => `  ${columnSql(column)}`)
    .join(',\n')}\n)${options.length > 0 ? ` WITH (${options.join(', ')})` : ''}`;
  const why = [`belongs to ${tbl}`];
  return [
    { phase: 'create tables', sql, why: [reasonOf(observationOf(row))], cautions },
    ...(tbl === VERSION_TABLE ? [recordVersions(drift, table)] : []),
    ...expected('constraint').map((component) => constraintStatement(drift, component, why)),
    ...expected('index').map((component) => indexStatement(component, why)),
    ...rightsOn(drift, tbl, table, why),
  ];
}

/** Default privileges give the rights of new tables; some tables have fewer. */
function rightsOn(drift: Drift, tbl: string, table: string, why: string[]): Statement[] {
  const role = quoteIdent(drift.tenant.schema);
  const grant = drift.reference?.grants.find(({ kind, object }) => kind === 'table' && object === tbl);
  const statements: Statement[] = [
    { phase: 'revoke', sql: `REVOKE ALL ON TABLE ${table} FROM ${role}`, why },
  ];
  if (grant !== undefined)
    statements.push({ phase: 'grant', sql: `GRANT ${grant.rights} ON TABLE ${table} TO ${role}`, why });
  return statements;
}

function recordVersions(drift: Drift, table: string): Statement {
  const rows = (drift.reference?.migrations ?? []).map(
    ({ version, name, checksum }) => `  (${version}, ${quoteLiteral(name)}, ${quoteLiteral(checksum)})`,
  );
  return {
    phase: 'create tables',
    order: 1,
    sql: `INSERT INTO ${table} (version, name, checksum) VALUES\n${rows.join(',\n')}`,
    why: [`belongs to ${VERSION_TABLE}: the migrations that were applied according to public.tenants`],
  };
}

/** Drops all in one statement, so that PostgreSQL finds the order. */
function dropTables(drift: Drift, extra: Difference[]): Statement {
  return {
    phase: 'drop tables',
    sql: `DROP TABLE ${extra.map(({ tbl }) => qualified(drift, tbl)).join(', ')}`,
    why: extra.map((row) => reasonOf(observationOf(row))),
    cautions: [`LOSES DATA: all rows of ${extra.map(({ tbl }) => tbl).join(', ')}`],
  };
}

function changeTable(drift: Drift, row: Difference): Statement[] {
  const { tbl } = row;
  const expected = componentsOf(drift, 'expected', 'table').get(tbl)!.components; // it is both expected and found
  const found = componentsOf(drift, 'found', 'table').get(tbl)!.components;
  const changes: string[] = [];
  if (found.unlogged !== expected.unlogged) changes.push(expected.unlogged ? 'SET UNLOGGED' : 'SET LOGGED');
  if (found.rowSecurity !== expected.rowSecurity)
    changes.push(`${expected.rowSecurity ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`);
  if (found.forced !== expected.forced)
    changes.push(`${expected.forced ? '' : 'NO '}FORCE ROW LEVEL SECURITY`);
  const extra = found.options.filter((option) => !expected.options.includes(option));
  const lacking = expected.options.filter((option) => !found.options.includes(option));
  if (extra.length > 0) changes.push(`RESET (${extra.map((option) => option.split('=')[0]).join(', ')})`);
  if (lacking.length > 0) changes.push(`SET (${lacking.join(', ')})`);
  const why = [reasonOf(observationOf(row))];
  const statements = changes.map((change): Statement => {
    return { phase: 'alter tables', sql: `${alterTable(drift, tbl)} ${change}`, why };
  });
  if (found.unchecked) statements.push(enableTriggers(drift, tbl, why));
  return statements;
}

/** Only a superuser may disable or enable the triggers of foreign keys. */
function enableTriggers(drift: Drift, tbl: string, why: string[]): Statement {
  return {
    phase: 'alter tables',
    as: 'session',
    sql: `${alterTable(drift, tbl)} ENABLE TRIGGER ALL`,
    why,
    cautions: ['DECIDE: rows written meanwhile may refer to nothing; drop and add the keys to find out'],
  };
}
