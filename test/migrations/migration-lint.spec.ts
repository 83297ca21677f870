import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { lintMigrations } from '../../src/operations/lint/lint-migrations';
import { type RuleName, RULES } from '../../src/operations/lint/rules';
import { TENANT_MIGRATIONS } from '../../src/database/migration-folders';
import { loadMigrations } from '../../src/database/schema-migrations';

const CORPUS = path.join(__dirname, 'lint-corpus');
const BAD = path.join(CORPUS, 'bad');
const GOOD = path.join(CORPUS, 'good');

/** Each folder stands behind the first migration of the product, as a later release would bring it. */
async function lint(folder: string) {
  const [first] = await loadMigrations(TENANT_MIGRATIONS);
  const added = await loadMigrations(folder);
  return { last: added.at(-1)!.name, findings: await lintMigrations([first!, ...added]) };
}

describe('migrations/tenant', () => {
  it('breaks no rule', async () => {
    expect(await lintMigrations(await loadMigrations(TENANT_MIGRATIONS))).toEqual([]);
  });
});

describe.each(Object.keys(RULES) as RuleName[])('%s', (rule) => {
  it.each(readdirSync(path.join(BAD, rule)))(
    'is broken by %s, in its last file, and nothing else is',
    async (what) => {
      const { last, findings } = await lint(path.join(BAD, rule, what));
      const found = findings.map((finding) => [finding.file, finding.rule, finding.remedy]);
      expect(new Set(found.map((finding) => finding.join()))).toEqual(
        new Set([[last, rule, RULES[rule].remedy].join()]),
      );
    },
  );
});

describe('the corpus', () => {
  it('breaks only rules that exist', () => {
    expect(readdirSync(BAD).toSorted()).toEqual(Object.keys(RULES).toSorted());
  });

  it.each(readdirSync(GOOD))('holds nothing against %s', async (what) => {
    expect((await lint(path.join(GOOD, what))).findings).toEqual([]);
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
