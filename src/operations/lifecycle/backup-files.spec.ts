import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Env } from '../../config/env';
import { newId } from '../../common/ids';
import { backupName, readBackupFile } from './backup-files';
import { DirectoryTarget } from '../../files/directory-target';

describe('readBackupFile', () => {
  it('closes an encrypted file that it has no key for', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'stoa-backups-'));
    const file = path.join(folder, 'tea.tar.gz.age');
    writeFileSync(file, `age-encryption.org/v1\n${'x'.repeat(1_000_000)}`);
    const read = jest.spyOn(DirectoryTarget.prototype, 'read'); // the real one, to see what it has opened
    try {
      await expect(readBackupFile(file, {} as Env, () => Promise.resolve())).rejects.toMatchObject({
        code: 'BACKUP_KEY_MISSING',
      });
      expect((await read.mock.results[0]!.value).destroyed).toBe(true); // called once
    } finally {
      read.mockRestore();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('backupName', () => {
  it('differs for two operations of one millisecond, and has the order of time', () => {
    const [first, second] = ['2026-11-29T12:00:00.000Z', '2026-11-29T12:00:00.001Z'] as const;
    const names = [newId(), newId()].map((operation) => backupName('tea', first, operation, false));
    expect(new Set(names).size).toBe(2);
    expect(names[0]).toMatch(/^tea\.20261129T120000\.000Z\.[0-9a-f]{8}\.tar\.gz$/);
    const later = backupName('tea', second, newId(), true);
    expect(later).toMatch(/\.tar\.gz\.age$/);
    expect([later, ...names].toSorted().at(-1)).toBe(later);
  });
});
