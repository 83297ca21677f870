'use strict';
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const v8 = require('node:v8');
const vm = require('node:vm');

/** Module with the source map of the bundle. */
let named;

/** Names the cache for this version of V8, its flags and the kind of processor (Node's manual, v8.cachedDataVersionTag). */
function cacheOf(file) {
  return `${file}.${v8.cachedDataVersionTag()}.cache`;
}

/**
 * Loads a bundle, which the build has wrapped and spelled in ASCII, as `require` would, with V8's code cache of the build, which is faster than compiling
 * (docs/decisions/0021-one-file-to-start.md). If no cache fits, the bundle is compiled. `v8-compile-cache` caches before
 * any function has run, and that cache saves nothing; Node's own cache needs Node 22.
 */
function load(file) {
  const cache = cacheOf(file);
  const filename = `file:///bundle/${path.basename(file)}`; // V8 keeps it in the cache, and a build is moved
  const script = new vm.Script(readFileSync(file, 'latin1'), {
    filename,
    cachedData: existsSync(cache) ? readFileSync(cache) : undefined,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  // Node finds source maps only for modules, by file name, so this compiles an empty module of that name. Node keeps its map as long as the module.
  named = new Module(filename);
  named._compile(`//# sourceMappingURL=${pathToFileURL(file).pathname}.map`, filename);
  const module = { exports: {} };
  script.runInThisContext()(module.exports, Module.createRequire(file), module, file, path.dirname(file));
  return { script, exports: module.exports };
}

/** Writes V8's code cache after the bundle was loaded, when it holds most of the functions that a start runs. */
function makeCache(file) {
  const cache = cacheOf(file);
  writeFileSync(`${cache}.new`, load(file).script.createCachedData());
  renameSync(`${cache}.new`, cache);
}

module.exports = { load };
if (require.main === module) makeCache(process.argv[2]);
