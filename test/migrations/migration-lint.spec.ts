import { readFileSync } from 'node:fs';
import path from 'node:path';
import { lintMigrations } from '../../src/operations/lint/lint-migrations';
import { type RuleName, RULES } from '../../src/operations/lint/rules';
import { TENANT_MIGRATIONS } from '../../src/database/migration-folders';
import { loadMigrations } from '../../src/database/schema-migrations';
import { ACCEPTED } from './lint-rules/accepted';
import { BROKEN } from './lint-rules/broken';
import { type LintFile, migrationsOf } from './lint-rules/lint-case';

/** Lints the files of a case after the first migration of the product, as a later release would bring them. */
async function lint(files: LintFile | readonly LintFile[]) {
  const [first] = await loadMigrations(TENANT_MIGRATIONS);
  const added = await migrationsOf(files);
  return { last: added.at(-1)!.name, findings: await lintMigrations([first!, ...added]) };
}

describe('migrations/tenant', () => {
  it('breaks no rule', async () => {
    expect(await lintMigrations(await loadMigrations(TENANT_MIGRATIONS))).toEqual([]);
  });
});

describe.each(Object.entries(BROKEN))('%s', (rule, cases) => {
  it.each(Object.entries(cases))('is the only rule broken by %s, in its last file', async (_, files) => {
    const { last, findings } = await lint(files);
    const found = findings.map((finding) => [finding.file, finding.rule, finding.remedy]);
    expect(new Set(found.map((finding) => finding.join()))).toEqual(
      new Set([[last, rule, RULES[rule as RuleName].remedy].join()]),
    );
  });
});

describe('lint-rules', () => {
  it('holds cases for every rule', () => {
    expect(Object.keys(BROKEN).toSorted()).toEqual(Object.keys(RULES).toSorted());
  });

  it.each(Object.entries(ACCEPTED))('accepts %s', async (_, files) => {
    expect((await lint(files)).findings).toEqual([]);
  });
});

describe('docs/migration-rules.md', () => {
  const page = readFileSync(path.join(__dirname, '..', '..', 'docs', 'migration-rules.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (.+?) +\| (.+?) +\|$/gm)];

  it('explains every rule, in the order of the code', () => {
    expect(rows.map(([, name, why, remedy]) => [name, why, remedy])).toEqual(
      Object.entries(RULES).map(([name, { why, remedy }]) => [name, why, remedy]),
    );
  });
});
