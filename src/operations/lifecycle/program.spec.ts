import { readFileSync } from 'node:fs';
import { PROGRAM } from './program';

it('has the name and version of package.json', () => {
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, string>;
  expect(PROGRAM).toBe(`${name} ${version}`);
});
