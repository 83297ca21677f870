import { execFileSync } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Builds the program into `dist`. All of it is made in a folder of its own and then put in place at once: a command that is
 * started in another terminal meanwhile finds the last build or the new one, never half of one, and two builds do not disturb
 * each other.
 */
const root = import.meta.dirname;
const fresh = path.join(root, `dist-${process.pid}`);
const former = `${fresh}.old`;
const swc = path.join(root, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');

const run = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });

/** Another build may put its own in place between the two steps: then this one, which has ended later, replaces it. */
async function putInPlace() {
  for (;;) {
    await rename(path.join(root, 'dist'), former).catch(unless('ENOENT'));
    const isDone = await rename(fresh, path.join(root, 'dist')).then(
      () => true,
      unless('ENOTEMPTY', 'EEXIST'),
    );
    await rm(former, { recursive: true, force: true });
    if (isDone) return;
  }
}

function unless(...codes) {
  return (error) => {
    if (!codes.includes(error.code)) throw error;
  };
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {}); // it ends swc, and this program by an error
try {
  run(swc, 'src', 'migrations', '-d', fresh, '--ignore', '**/*.spec.ts', '-q');
  run('bundle.mjs', fresh);
  await putInPlace();
} finally {
  await rm(fresh, { recursive: true, force: true });
}
