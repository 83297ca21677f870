import { readFileSync } from 'node:fs';
import path from 'node:path';
import { rolesOf } from '../../../src/database/roles';
import { CHECKS } from '../../../src/operations/drift/checks';
import { CONSTRUCTS } from './doctor-faults/constructs';
import type { Fleet } from './doctor-faults/fault';
import { RECORDS } from './doctor-faults/records';
import { RIGHTS } from './doctor-faults/rights';
import { ROLES } from './doctor-faults/roles';
import { STRUCTURE } from './doctor-faults/structure';

const page = readFileSync(path.join(__dirname, '..', '..', '..', 'docs', 'operations.md'), 'utf8');

/** Rows of the tables of checks: name and severity. */
const documented = [...page.matchAll(/^\| `([a-z-]+)`\s*\| (error|warning)\s*\|/gm)].map(
  ([, name, severity]) => [name, severity],
);

describe('docs/operations.md', () => {
  it('explains every check of doctor, in the order of the code', () => {
    expect(documented).toEqual(Object.entries(CHECKS).map(([name, { severity }]) => [name, severity]));
  });
});

describe('the faults of the tests', () => {
  it('cause every check of doctor, except that of a server too old for the program', () => {
    const shop = { id: '', slug: 'a', schema: 'a' };
    const fleet: Fleet = { a: shop, b: shop, roles: rolesOf('stoa'), database: 'stoa', user: '' };
    const caused = new Set(
      [STRUCTURE, CONSTRUCTS, RIGHTS, ROLES, RECORDS]
        .flat()
        .flatMap(({ found }) => found(fleet).map(([check]) => check)),
    );
    expect(Object.keys(CHECKS).filter((check) => !caused.has(check))).toEqual(['server-version']);
  });
});
