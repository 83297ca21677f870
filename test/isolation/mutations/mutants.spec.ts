import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MUTANTS } from './mutants';

const ROOT = path.join(__dirname, '..', '..', '..');

describe('the mutants of the isolation kit', () => {
  it.each(MUTANTS.map(({ name, ...change }) => [name, change] as const))(
    'have their text exactly once in the code: %s',
    (_name, { file, find }) => {
      expect(readFileSync(path.join(ROOT, file), 'utf8').split(find)).toHaveLength(2);
    },
  );
});
