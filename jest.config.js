/** Packages that publish only ES modules and are loaded inside the jest sandbox (CommonJS). */
const esmOnly = [
  '@nestjs',
  'fast-check',
  'uuid',
  'pure-rand',
  'age-encryption',
  '@noble',
  '@scure',
  '@faker-js',
];

/** @type {import('jest').Config} */
const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.[tj]s$': '@swc/jest' }, // reads .swcrc
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
};

/** @type {import('jest').Config} */
const onPostgres = {
  ...common,
  globalSetup: '<rootDir>/test/global-setup.ts',
  globalTeardown: '<rootDir>/test/global-teardown.ts',
  resolver: '<rootDir>/test/package-resolver.cjs',
  runtime: '<rootDir>/test/one-context/runtime.cjs',
  testEnvironment: '<rootDir>/test/one-context/environment.cjs',
  transformIgnorePatterns: [...common.transformIgnorePatterns, '/\\.data/test/\\d+/packages/'],
};

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
    },
    {
      ...onPostgres,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/isolation/'],
    },
    {
      ...onPostgres,
      displayName: 'isolation',
      testMatch: ['<rootDir>/test/isolation/**/*.e2e-spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/isolation/mutations/'],
    },
  ],
  testSequencer: '<rootDir>/test/sequencer.js',
  testTimeout: 180_000,
  maxWorkers: 3, // on two cores: about a third of the time of a file is spent waiting for processes, leases and timers
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts', '!src/**/*.spec.ts', '!src/main.ts'],
};
