import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { packed } from '../bundle-options.mjs';

/**
 * Bundles the packages that the application imports into one file: `node test/bundle-packages.mjs <folder>`. A test file
 * loads its modules anew; 2,400 small files take Jest longer than most tests, one large file does not.
 * test/package-resolver.cjs finds the file of a package here.
 */
const PACKAGES = [
  ...['@nestjs/common', '@nestjs/common/internal', '@nestjs/core', '@nestjs/jwt', '@nestjs/passport'],
  ...[
    '@nestjs/platform-fastify',
    '@nestjs/swagger',
    'class-transformer',
    'class-validator',
    'rxjs',
    'rxjs/operators',
  ],
  ...['fastify', '@fastify/busboy', '@fastify/compress', '@fastify/cors', 'helmet', '@fastify/static'],
  ...[
    'typeorm',
    'typeorm/driver/postgres/PostgresDriver',
    'typeorm/driver/postgres/PostgresQueryRunner',
    'pg',
  ],
  ...[
    'reflect-metadata',
    'otpauth',
    'passport',
    'passport-jwt',
    'rate-limiter-flexible',
    'lru-cache',
    'prom-client',
    'zod',
  ],
  ...[
    'csv-parse',
    'csv-parse/sync',
    'csv-stringify',
    'csv-stringify/sync',
    'pino',
    'transliteration',
    'uuid',
  ],
];

const folder = path.resolve(process.argv[2]);
await mkdir(folder, { recursive: true });
await build({
  ...packed,
  stdin: {
    contents: PACKAGES.map((name) => `exports['${name}'] = () => require('${name}');`).join('\n'),
    resolveDir: import.meta.dirname,
  },
  outfile: path.join(folder, 'all.js'),
});
for (const name of PACKAGES)
  await writeFile(
    path.join(folder, `${name.replaceAll('/', '+')}.js`),
    `module.exports = require('./all.js')['${name}']();\n`,
  );
