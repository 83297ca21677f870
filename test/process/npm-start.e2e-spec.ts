import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { scratchFolder } from '../support/program';

/** Process managers signal npm, not the program below it. */
describe('npm start', () => {
  it.each([
    ['SIGTERM to npm, as process managers send it', 'SIGTERM', false],
    ['Ctrl-C, which the terminal sends to npm and the program, and npm hands on', 'SIGINT', true],
  ] as const)('is stopped in order by %s', async (_what, signal, toAll) => {
    const dir = scratchFolder();
    copyFileSync('package.json', path.join(dir, 'package.json'));
    symlinkSync(process.env['TEST_PROGRAM']!, path.join(dir, 'dist')); // so that no build is needed
    const npm = spawn('npm', ['run', 'start', '--ignore-scripts'], {
      cwd: dir,
      env: {
        ...process.env,
        DATABASE_URL: '',
        DATA_DIR: path.join(dir, 'data'),
        PORT: '0',
        LOG_LEVEL: 'info',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true, // a process group of its own, as in a terminal
    });
    const lines: string[] = [];
    for await (const line of createInterface({ input: npm.stdout })) {
      lines.push(line);
      if (line.includes('Database')) process.kill(toAll ? -npm.pid! : npm.pid!, signal); // printed once it runs
    }
    if (npm.exitCode === null) await once(npm, 'exit');
    expect(lines.join('\n')).toContain('"event":"stopped"');
    expect(existsSync(path.join(dir, 'data', 'postgres', 'postmaster.pid'))).toBe(false);
    rmSync(dir, { recursive: true });
  });
});
