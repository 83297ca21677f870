import { quoteIdent } from '../../../database/identifiers';
import type { RightDifference } from '../rights';
import { type Drift, grantsOf } from '../drift';
import { droppedBy, qualified, type Statement } from './statement';

/** Of a thing that is dropped nobody keeps a right. */
export function mendRights(drift: Drift, why: (row: RightDifference) => string): Statement[] {
  const dropped = droppedBy(drift);
  return drift.rights
    .filter(({ kind, tbl }) => kind === 'default' || tbl === null || !dropped.has(tbl))
    .flatMap((row) =>
      row.kind === 'default' ? mendDefault(drift, row, why(row)) : mendGrant(drift, row, why(row)),
    );
}

type On = Pick<RightDifference, 'kind' | 'tbl' | 'name'>;

function mendGrant(drift: Drift, row: RightDifference, why: string): Statement[] {
  const { extra, lacking, options } = compared(row);
  const grantee = row.grantee === 'PUBLIC' ? 'PUBLIC' : quoteIdent(row.grantee);
  const revoke = (what: string, rights: string[]): Statement => ({
    phase: 'revoke',
    // Whoever was given a right to hand it on may have done so.
    sql: `REVOKE ${what}${listed(row, rights)} ON ${thing(drift, row)} FROM ${grantee} CASCADE`,
    why: [why],
  });
  const statements: Statement[] = [];
  if (extra.length > 0) statements.push(revoke('', extra));
  if (options.length > 0) statements.push(revoke('GRANT OPTION FOR ', options));
  const isWholeTable = row.grantee === drift.tenant.schema && row.kind === 'table' && extra.length > 0;
  if (isWholeTable || row.found?.includes(OPTION)) statements.push(...grantAgain(drift, row, why));
  else if (lacking.length > 0) statements.push(grant(drift, row, lacking.join(', '), why));
  return statements;
}

/**
 * To take a right on a table takes it on the columns too, and to take one with its option takes what was handed
 * on: so the shop's role is given all it should have.
 */
function grantAgain(drift: Drift, { kind, tbl }: RightDifference, why: string): Statement[] {
  return grantsOf(drift)
    .filter(
      (wanted) =>
        wanted.kind !== 'default' && (kind === 'schema' ? wanted.kind === kind : wanted.tbl === tbl),
    )
    .map((wanted) => grant(drift, wanted, wanted.rights, why));
}

function grant(drift: Drift, on: On, rights: string, why: string): Statement {
  const role = quoteIdent(drift.tenant.schema);
  const sql = `GRANT ${listed(on, rights.split(', '))} ON ${thing(drift, on)} TO ${role}`;
  return { phase: 'grant', sql, why: [why] };
}

function mendDefault(drift: Drift, row: RightDifference, why: string): Statement[] {
  const { extra, lacking, options } = compared(row);
  const things = row.tbl === 'objects' ? 'TYPES' : row.tbl!.toUpperCase(); // default privileges are for something
  const whose = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdent(row.name!)} IN SCHEMA ${quoteIdent(drift.tenant.schema)}`;
  const grantee = row.grantee === 'PUBLIC' ? 'PUBLIC' : quoteIdent(row.grantee);
  const statements: Statement[] = [];
  const add = (sql: string) =>
    statements.push({ phase: 'default privileges', sql: `${whose} ${sql}`, why: [why], as: 'session' });
  if (extra.length > 0) add(`REVOKE ${extra.join(', ')} ON ${things} FROM ${grantee}`);
  if (options.length > 0) add(`REVOKE GRANT OPTION FOR ${options.join(', ')} ON ${things} FROM ${grantee}`);
  if (lacking.length > 0) add(`GRANT ${lacking.join(', ')} ON ${things} TO ${grantee}`);
  return statements;
}

const OPTION = ' with grant option';

/** What to take, what to give, and what may stay but not be handed on. */
function compared({ expected, found }: RightDifference) {
  const split = (rights: string | null) => (rights === null ? [] : rights.split(', '));
  const [wanted, present] = [split(expected), split(found)];
  const plain = (right: string) => right.replace(OPTION, '');
  const wantedNames = wanted.map(plain);
  return {
    extra: present.map(plain).filter((right) => !wantedNames.includes(right)),
    lacking: wanted.filter((right) => !present.map(plain).includes(right)),
    options: present.filter((right) => right.endsWith(OPTION) && wanted.includes(plain(right))).map(plain),
  };
}

function thing(drift: Drift, { kind, tbl }: On): string {
  if (kind === 'schema') return `SCHEMA ${quoteIdent(drift.tenant.schema)}`;
  return `TABLE ${qualified(drift, tbl!)}`; // tables and columns have one
}

function listed({ kind, name }: On, rights: string[]): string {
  return rights.map((right) => (kind === 'column' ? `${right} (${quoteIdent(name!)})` : right)).join(', ');
}
