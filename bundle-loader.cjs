'use strict';
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');

/** Fits one version of V8 with the same flags on the same kind of processor (Node's manual, v8.cachedDataVersionTag). */
function cacheOf(file) {
  return `${file}.${v8.cachedDataVersionTag()}.cache`;
}

/**
 * Runs a bundle as `require` would, with what V8 made of it at the build: compiling it takes longer than reading that
 * (docs/decisions/0021-one-file-to-start.md). Where no cache fits, it is compiled, and all is the same.
 */
function load(file) {
  const cache = cacheOf(file);
  const script = new vm.Script(Module.wrap(readFileSync(file, 'utf8')), {
    filename: file,
    cachedData: existsSync(cache) ? readFileSync(cache) : undefined,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  // Node looks for the source maps of modules only, by their file, so here is one of that name.
  new Module(file)._compile(`//# sourceMappingURL=${path.basename(file)}.map`, file);
  const module = { exports: {} };
  script.runInThisContext()(module.exports, Module.createRequire(file), module, file, path.dirname(file));
  return { script, exports: module.exports };
}

/** Keeps what V8 has made of a bundle by the time that it is loaded, and that is most of what a start needs. */
function makeCache(file) {
  const cache = cacheOf(file);
  writeFileSync(`${cache}.new`, load(file).script.createCachedData());
  renameSync(`${cache}.new`, cache);
}

module.exports = { load };
if (require.main === module) makeCache(process.argv[2]);
