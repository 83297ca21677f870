import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..');

/** Paths of files below folders, with one of the extensions. */
function filesBelow(folders: string[], extensions: string[]): string[] {
  return folders
    .flatMap((folder) =>
      (readdirSync(path.join(ROOT, folder), { recursive: true }) as string[]).map((file) =>
        path.join(folder, file),
      ),
    )
    .filter((file) => extensions.includes(path.extname(file)));
}

/** Matches as `file:line: text`. */
function occurrences(files: string[], pattern: RegExp): string[] {
  return files.flatMap((file) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    return [...text.matchAll(pattern)].map(
      (match) => `${file}:${text.slice(0, match.index).split('\n').length}: ${match[0]}`,
    );
  });
}

/** Retired names, and the files that must still know the old one. */
const RETIRED: { name: string; pattern: RegExp; allowed?: string[] }[] = [
  {
    name: 'STOCK_SIZE',
    pattern: /\bSTOCK_SIZE\b/g,
    allowed: ['src/config/env.ts', 'src/config/env.spec.ts', 'docs/settings.md'],
  },
  { name: 'rebuild-index', pattern: /\brebuild-?index\b/gi },
  {
    name: 'tenant_stock, role_stock',
    pattern: /\b(tenant|role)_stock\b/g,
    // The decision says what the views are for.
    allowed: ['docs/decisions/0024-engine-apart-from-operations.md', 'src/database/public-rights.ts'],
  },
  { name: 'TenantStock', pattern: /\btenant-?stock\b/gi },
  { name: 'StockFiller', pattern: /\bstock-?filler\b/gi },
  { name: 'TenantMaker', pattern: /\btenant-?maker\b/gi },
  { name: 'Lane', pattern: /\bLane\b/g },
  { name: 'Loan', pattern: /\bLoan(Ended)?\b/g },
  { name: 'goalOf', pattern: /\bgoalOf\b/g },
  { name: 'mend', pattern: /\bmend(s|ed|ing)?\b/gi },
];

describe('prose', () => {
  it('begins a doc block with a noun or a verb', () => {
    const code = filesBelow(['src', 'test', 'bench', 'migrations'], ['.ts']);
    expect(occurrences(code, /\/\*\*[\s*]*(What|Who|Whom|Whose|Of|So|Whether)\b.*/g)).toEqual([]);
  });

  it.each(RETIRED)('does not use the retired name $name', ({ pattern, allowed = [] }) => {
    const files = [...filesBelow(['src', 'docs'], ['.ts', '.md']), 'README.md', 'CONTRIBUTING.md'];
    expect(
      occurrences(
        files.filter((file) => !allowed.includes(file)),
        pattern,
      ),
    ).toEqual([]);
  });
});
