const { existsSync } = require('node:fs');
const path = require('node:path');

/**
 * Finds a package in the bundle that global-setup has made (test/bundle-packages.mjs), everything else as Jest does; @node-rs/argon2 is
 * made cheap. A path inside a bundled package would load a second copy of it.
 */
module.exports = (request, options) => {
  if (/^\..*\.js$/.test(request)) {
    const source = path.resolve(options.basedir, request.replace(/js$/, 'ts')); // of an import() of our own
    if (existsSync(source)) return source;
  }
  const folder = process.env.TEST_PACKAGES;
  if (folder === undefined || request.startsWith('.') || path.isAbsolute(request))
    return options.defaultResolver(request, options);
  if (request === '@node-rs/argon2' && options.basedir !== __dirname)
    return require.resolve('./cheap-passwords.cjs');
  const fileOf = (name) => path.join(folder, `${name.replaceAll('/', '+')}.js`);
  if (existsSync(fileOf(request))) return fileOf(request);
  const [owner] = /^(@[^/]+\/)?[^/]+/.exec(request);
  if (owner !== request && existsSync(fileOf(owner)))
    throw new Error(`${request} is missing in test/bundle-packages.mjs, which bundles ${owner}`);
  return options.defaultResolver(request, options);
};
