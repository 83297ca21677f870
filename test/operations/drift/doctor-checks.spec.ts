import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CHECKS } from '../../../src/operations/drift/checks';

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
