import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import Module from 'node:module';
import path from 'node:path';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build } from 'esbuild';
import { packed } from './bundle-options.mjs';

/**
 * Bundles `main.js` and `cli.js` of a compiled program into one file each, with their packages and V8's code cache:
 * `node bundle.mjs dist` reads dist/src and writes dist/bundle. Loading some 2,400 files takes Node longer than the rest of
 * a start (docs/decisions/0021-one-file-to-start.md). esbuild does the bundling. `@vercel/ncc` keeps a code cache too,
 * but made before any function has run, and rewritten beside the program by each process that exits.
 */
const PROGRAMS = ['main', 'cli'];

/** Flags of Node with which the programs are started: none, or those of their npm scripts. A cache fits one set of flags. */
const { scripts } = JSON.parse(await readFile(path.join(import.meta.dirname, 'package.json'), 'utf8'));
const flagsOf = (script) => scripts[script].match(/--\S+/g);
const FLAGS = { main: [[], flagsOf('start')], cli: [[], flagsOf('cli')] };

const folder = realpathSync(process.argv[2]); // as esbuild names the files in it
const own = path.join(folder, 'src', path.sep);
const out = path.join(folder, 'bundle');

/** Points `__dirname` in our own files to their original folder, where they look for other files. */
const ownFolder = {
  name: 'own folder',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.js$/ }, async (file) => {
      if (!file.path.startsWith(own)) return undefined; // not by `filter`: a path may contain special characters of a pattern
      const text = await readFile(file.path, 'utf8');
      const there = path.relative(out, path.dirname(file.path));
      return { contents: text.replaceAll('__dirname', `require('node:path').join(__dirname, '${there}')`) };
    }),
};

/**
 * Drops the lines of packages from a source map: Node reads the whole map at each start, and a map with all packages takes
 * longer than their code. A segment without a source marks where a package begins.
 */
async function keepOwnLines(file) {
  const map = JSON.parse(await readFile(file, 'utf8'));
  const isOwn = ([, source]) => source !== undefined && !map.sources[source].includes('/node_modules/');
  let wasOwn = true;
  const lines = decode(map.mappings).map((line) => {
    const own = line.filter(isOwn);
    const kept = own.length === 0 && line.length > 0 && wasOwn ? [[0]] : own;
    if (line.length > 0) wasOwn = own.length > 0;
    return kept;
  });
  await writeFile(
    file,
    JSON.stringify({
      ...map,
      names: [],
      mappings: encode(lines.map((line) => line.map((at) => at.slice(0, 4)))),
    }),
  );
}

/** @returns the bundle of a program: its name contains a hash of its content, so that its cache is never another's */
function bundleOf(name, { outputs }) {
  const isIts = ([, { entryPoint }]) => entryPoint?.endsWith(`src/${name}.js`);
  return path.resolve(Object.entries(outputs).find(isIts)[0]);
}

/**
 * Spells every other character as an escape, and wraps the text as Node wraps a module. V8 then keeps one byte per character
 * and one copy: with a single character beyond Latin-1, in a comment of a package, a program took 50 MB more.
 */
async function asOneByteText(file) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const text = (await readFile(file, 'utf8')).replaceAll(/[^\0-\x7f]/g, escaped);
  await writeFile(file, Module.wrap(text), 'latin1');
}

/** Writes `main.js`, which loads `main-5ZUHC7DN.js`, and the code caches. */
async function finish(name, file) {
  await keepOwnLines(`${file}.map`);
  await asOneByteText(file);
  const text = `require('./loader.cjs').load(require('node:path').join(__dirname, '${path.basename(file)}')).exports.run();\n`;
  await writeFile(path.join(out, `${name}.js`), text);
  for (const flags of FLAGS[name])
    execFileSync(process.execPath, [...flags, path.join(out, 'loader.cjs'), file], { stdio: 'inherit' });
}

await rm(out, { recursive: true, force: true });
const { metafile } = await build({
  ...packed,
  entryPoints: PROGRAMS.map((name) => path.join(folder, 'src', `${name}.js`)),
  outdir: out,
  entryNames: '[name]-[hash]',
  metafile: true,
  sourcemap: true,
  sourcesContent: false,
  plugins: [ownFolder, ...packed.plugins],
});
await copyFile(path.join(import.meta.dirname, 'bundle-loader.cjs'), path.join(out, 'loader.cjs'));
for (const name of PROGRAMS) await finish(name, bundleOf(name, metafile));
