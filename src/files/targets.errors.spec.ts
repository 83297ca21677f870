import { readFileSync } from 'node:fs';
import path from 'node:path';
import { reportOf } from '../common/report';
import { TARGET_CODES, TargetError } from './targets.errors';

const page = readFileSync(path.join(__dirname, ...Array<string>(2).fill('..'), 'docs', 'backups.md'), 'utf8');

describe('errors of backup files', () => {
  it('are all in docs/backups.md, and no other', () => {
    const documented = [...page.matchAll(/^\| `(BACKUP_[A-Z_]+)` +\|/gm)].map(([, code]) => code!);
    expect(documented.toSorted()).toEqual(TARGET_CODES.toSorted());
  });

  it('are reported with their code and cause', () => {
    const error = new TargetError('BACKUP_TARGET_FULL', 'No space is left in /b.', new Error('ENOSPC'));
    expect(reportOf(error)).toBe('BACKUP_TARGET_FULL: No space is left in /b.\n  because: ENOSPC');
  });
});
