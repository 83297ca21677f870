const { TestEnvironment } = require('jest-environment-node');

/** What jest-circus keeps of a file: handlers of events and the tree of tests. */
const OF_ONE_FILE = ['EVENT_HANDLERS', 'JEST_STATE_SYMBOL'];

let kept;

/** The same context of V8 for all files of a worker, because modules that are loaded once (runtime.cjs) refer to its globals. */
module.exports = class extends TestEnvironment {
  constructor(...args) {
    if (kept !== undefined) return kept; // oxlint-disable-line no-constructor-return
    super(...args);
    kept = this;
  }

  async setup() {
    this.env = { ...this.global.process.env };
  }

  /** Leaves the context, without what belonged to the file. */
  async teardown() {
    for (const symbol of Object.getOwnPropertySymbols(this.global))
      if (OF_ONE_FILE.includes(symbol.description)) delete this.global[symbol];
    const { env } = this.global.process;
    for (const name of Object.keys(env)) delete env[name];
    Object.assign(env, this.env);
  }
};
