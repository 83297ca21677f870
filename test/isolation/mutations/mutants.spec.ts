import { readdirSync, readFileSync } from 'node:fs';
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

  it.each(
    MUTANTS.filter(({ file }) => file.startsWith('migrations')).map(
      ({ name, ...change }) => [name, change] as const,
    ),
  )('change what no later migration replaces: %s', (_name, { file, find }) => {
    const folder = path.join(ROOT, path.dirname(file));
    const later = readdirSync(folder).filter((name) => name > path.basename(file));
    const replacing = later.filter((name) => readFileSync(path.join(folder, name), 'utf8').includes(find));
    expect(replacing).toEqual([]);
  });
});
