import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { print, start } from './lib/command';

/** The benchmarks of the first table of docs/performance.md, one after the other; each prints its own. Takes about an hour. */
const NAMES = ['request', 'isolation', 'write', 'tenants', 'provision', 'migrate', 'import', 'start'];

start(async () => {
  for (const name of NAMES) {
    print(`\n== bench:${name}`);
    const child = spawn(process.execPath, [path.join(__dirname, `${name}.js`)], { stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) process.exitCode = 1;
  }
});
