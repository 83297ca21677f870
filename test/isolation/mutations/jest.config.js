/** Not a project of `npm test`: it runs the isolation kit once for each mutant, which takes minutes. */
const { projects, ...rest } = require('../../../jest.config.js');

const isolation = projects.find(({ displayName }) => displayName === 'isolation');

/** @type {import('jest').Config} */
module.exports = {
  ...rest,
  ...isolation,
  rootDir: '../../..',
  displayName: 'mutations',
  testMatch: ['<rootDir>/test/isolation/mutations/*.e2e-spec.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
};
