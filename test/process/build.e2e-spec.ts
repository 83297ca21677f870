import { spawn } from 'node:child_process';
import { cpSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { finish, scratchFolder } from '../support/program';

const FILES = ['src', 'migrations', 'package.json', '.swcrc'];
const SCRIPTS = ['build.mjs', 'bundle.mjs', 'bundle-loader.cjs', 'bundle-options.mjs'];

/** A newcomer starts the server in one terminal and a command in another, and each finds that it has to build. */
describe('npm run build', () => {
  it('may run twice at once, and leaves one whole program', async () => {
    const project = scratchFolder();
    for (const file of [...FILES, ...SCRIPTS])
      cpSync(file, path.join(project, file), {
        recursive: true,
        filter: (name) => !name.endsWith('.spec.ts'),
      });
    symlinkSync(path.resolve('node_modules'), path.join(project, 'node_modules'));
    const run = (...args: string[]) => finish(spawn('npm', ['run', '-s', ...args], { cwd: project }));
    try {
      const ended = await Promise.all([run('build'), run('build')]);
      expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
        [0, ''],
        [0, ''],
      ]);
      const folders = readdirSync(project).filter((name) => name.startsWith('dist'));
      expect(folders).toEqual(['dist']);
      expect(await run('cli', '--', 'migration:lint')).toMatchObject({ code: 0 });
    } finally {
      rmSync(project, { recursive: true });
    }
  });
});
