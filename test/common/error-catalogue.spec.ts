import { readFileSync } from 'node:fs';
import path from 'node:path';
import '../../src/app/app.module';
import '../../src/operator/operator.module';
import '../../src/operations/lifecycle/kinds/kinds';
import { errorCatalogue } from '../../src/common/app-error';

const ROW = /^\| `([A-Z_]+)` +\| (\d{3}) +\| (.+?) +\|/gm;

describe('docs/errors.md', () => {
  const page = readFileSync(path.join(__dirname, '..', '..', 'docs', 'errors.md'), 'utf8');
  const documented = [...page.matchAll(ROW)].map(([, code, status, title]) => ({
    code,
    status: Number(status),
    title,
  }));

  it('lists every error of the code with its status and title, and no other', () => {
    const byCode = (a: { code?: string }, b: { code?: string }) => (a.code! < b.code! ? -1 : 1);
    expect(documented.toSorted(byCode)).toEqual(
      errorCatalogue()
        .map(({ code, status, title }) => ({ code, status, title }))
        .toSorted(byCode),
    );
  });

  it('is sorted by status, then code', () => {
    const sorted = documented.toSorted((a, b) => a.status - b.status || (a.code! < b.code! ? -1 : 1));
    expect(documented).toEqual(sorted);
  });
});
