import { quoteIdent } from '../../../database/identifiers';
import type { Drift } from '../drift';
import type { Grant } from '../reference';
import { type RightDifference, rightObservationOf } from '../rights';
import { droppedBy, qualified, reasonOf, type Statement } from './statement';

/** Skips rights on dropped relations. */
export function repairRights(drift: Drift): Statement[] {
  const dropped = droppedBy(drift);
  return drift.rights
    .filter(({ kind, tbl }) => kind === 'default' || tbl === null || !dropped.has(tbl))
    .flatMap((row) => (row.kind === 'default' ? repairDefault(drift, row) : repairGrant(drift, row)));
}

function repairGrant(drift: Drift, row: RightDifference): Statement[] {
  const { extra, lacking, options } = changesOf(row);
  const why = [reasonOf(rightObservationOf(row))];
  const revoke = (what: string, rights: string[]): Statement => {
    const on = `${listed(row, rights)} ON ${target(drift, row)}`;
    // CASCADE: the grantee may have granted it to others.
    return { phase: 'revoke', sql: `REVOKE ${what}${on} FROM ${granteeOf(row)} CASCADE`, why };
  };
  const statements: Statement[] = [];
  if (extra.length > 0) statements.push(revoke('', extra));
  if (options.length > 0) statements.push(revoke('GRANT OPTION FOR ', options));
  const isWholeTable = row.grantee === drift.tenant.schema && row.kind === 'table' && extra.length > 0;
  if (isWholeTable || row.found?.includes(OPTION)) statements.push(...grantAgain(drift, row, why));
  else if (lacking.length > 0) statements.push(grant(drift, row, lacking, why));
  return statements;
}

/**
 * Grants all rights that the shop's role should have there: revoking a right on a table revokes it on the columns too,
 * and revoking a grant option revokes what was granted with it.
 */
function grantAgain(drift: Drift, { kind, tbl }: RightDifference, why: string[]): Statement[] {
  return (drift.reference?.grants ?? [])
    .filter((wanted) => wanted.kind !== 'default')
    .filter((wanted) => (kind === 'schema' ? wanted.kind === kind : wanted.tbl === tbl))
    .map((wanted) => grant(drift, wanted, split(wanted.rights), why));
}

type On = Pick<Grant, 'kind' | 'tbl' | 'name'>;

function grant(drift: Drift, on: On, rights: string[], why: string[]): Statement {
  const role = quoteIdent(drift.tenant.schema);
  return { phase: 'grant', sql: `GRANT ${listed(on, rights)} ON ${target(drift, on)} TO ${role}`, why };
}

function repairDefault(drift: Drift, row: RightDifference): Statement[] {
  const { extra, lacking, options } = changesOf(row);
  const objects = row.tbl === 'objects' ? 'TYPES' : row.tbl!.toUpperCase(); // the kind of new objects
  const creator = `FOR ROLE ${quoteIdent(row.name!)} IN SCHEMA ${quoteIdent(drift.tenant.schema)}`;
  const why = [reasonOf(rightObservationOf(row))];
  const statements: Statement[] = [];
  const add = (verb: string, rights: string[], to: string) => {
    if (rights.length === 0) return;
    const sql = `ALTER DEFAULT PRIVILEGES ${creator} ${verb} ${rights.join(', ')} ON ${objects} ${to} ${granteeOf(row)}`;
    statements.push({ phase: 'default privileges', sql, why, as: 'session' });
  };
  add('REVOKE', extra, 'FROM');
  add('REVOKE GRANT OPTION FOR', options, 'FROM');
  add('GRANT', lacking, 'TO');
  return statements;
}

const OPTION = ' with grant option';

function split(rights: string | null): string[] {
  return rights === null ? [] : rights.split(', ');
}

/** The rights to revoke, those to grant, and those whose grant option to revoke. */
function changesOf({ expected, found }: RightDifference) {
  const plain = (right: string) => right.replace(OPTION, '');
  const [wanted, present] = [split(expected), split(found)];
  const [wantedNames, presentNames] = [wanted.map(plain), present.map(plain)];
  return {
    extra: presentNames.filter((right) => !wantedNames.includes(right)),
    lacking: wanted.filter((right) => !presentNames.includes(right)),
    options: present.filter((right) => right.endsWith(OPTION) && wanted.includes(plain(right))).map(plain),
  };
}

function granteeOf({ grantee }: RightDifference): string {
  return grantee === 'PUBLIC' ? 'PUBLIC' : quoteIdent(grantee);
}

function target(drift: Drift, { kind, tbl }: On): string {
  if (kind === 'schema') return `SCHEMA ${quoteIdent(drift.tenant.schema)}`;
  return `TABLE ${qualified(drift, tbl!)}`; // tables and columns have one
}

function listed({ kind, name }: On, rights: string[]): string {
  return rights.map((right) => (kind === 'column' ? `${right} (${quoteIdent(name!)})` : right)).join(', ');
}
