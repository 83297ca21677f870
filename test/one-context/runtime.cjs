const path = require('node:path');
const { default: Runtime } = require('jest-runtime');

/** These are loaded anew for each file: they call `beforeAll` and keep what one file has started. */
const TESTS = path.join(__dirname, '..', path.sep);
/** Packages of which Jest has one copy a file. */
const JEST = ['@jest/globals', '@jest/expect', 'expect'];

/** Loads the program and its packages, once in a worker; it is never torn down. */
let program;

/**
 * Loads the tests as Jest does, but the program only once in a worker: that takes longer than most tests. Tests start applications and
 * databases of their own, and `jest.mock`, which would need a second copy, is not for our code (CONTRIBUTING).
 */
class OneContextRuntime extends Runtime {
  constructor(...args) {
    super(...args);
    program ??= new Runtime(...args);
    const maps = this.getSourceMaps();
    const get = maps.get.bind(maps);
    maps.get = (file) => get(file) ?? program.getSourceMaps().get(file); // for stacks
  }

  requireModuleOrMock(from, name) {
    if (JEST.includes(name) || this._resolution.isCoreModule(name))
      return super.requireModuleOrMock(from, name);
    const file = this._resolution.resolveCjs(from, name);
    return file.startsWith(TESTS) ? super.requireModuleOrMock(from, name) : program.requireModule(from, name);
  }
}

module.exports = { __esModule: true, default: OneContextRuntime }; // as Jest imports it
