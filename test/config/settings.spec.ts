import { readFileSync } from 'node:fs';
import path from 'node:path';
import { EnvironmentError, readEnv, SETTING_NAMES } from '../../src/config/env';

const ROOT = path.join(__dirname, '..', '..');
const page = readFileSync(path.join(ROOT, 'docs', 'settings.md'), 'utf8');
const example = readFileSync(path.join(ROOT, '.env.example'), 'utf8');

const names = SETTING_NAMES.toSorted();
const defaults = readEnv({});

/** Rows of the page's tables: name, default and range. */
const documented = [...page.matchAll(/^\| `([A-Z\d_]+)` *\| (`[^`]+`|unset) *\| ([^|]+?) *\|/gm)].map(
  ([, name, value, range]) => ({
    name: name as keyof typeof defaults,
    value: value === 'unset' ? undefined : value!.replaceAll('`', ''),
    range: range!,
  }),
);
/** Lines of the example: name and value; one that is commented out has no default. */
const exemplary = [...example.matchAll(/^(#?)([A-Z\d_]+)=(.*)$/gm)].map(([, comment, name, value]) => ({
  name: name as keyof typeof defaults,
  value: comment === '#' ? undefined : value!,
}));

describe.each([
  ['docs/settings.md', documented],
  ['.env.example', exemplary],
])('%s', (_, settings) => {
  it('names every setting once, and no other', () => {
    expect(settings.map(({ name }) => name).toSorted()).toEqual(names);
  });

  it.each(settings)('gives the default of $name', ({ name, value }) => {
    expect(value === undefined).toBe(defaults[name] === undefined);
    expect(readEnv({ [name]: value })[name]).toEqual(defaults[name]);
  });
});

describe('ranges in docs/settings.md', () => {
  const numbers = documented.flatMap(({ name, range }) => {
    const [, least, most] = /^(\d+) to (\d+)$/.exec(range) ?? [];
    return least === undefined ? [] : [{ name, least: Number(least), most: Number(most) }];
  });
  const words = documented.flatMap(({ name, range }) =>
    /^`[^`]+`(, `[^`]+`)+$/.test(range) ? [{ name, range: range.replaceAll('`', '').split(', ') }] : [],
  );

  it.each(numbers)('are those of the program: $name, $least to $most', ({ name, least, most }) => {
    for (const edge of [least, most]) expect(readEnv({ [name]: String(edge) })[name]).toBe(edge);
    for (const beyond of [least - 1, most + 1])
      expect(() => readEnv({ [name]: String(beyond) })).toThrow(EnvironmentError);
  });

  it.each(words)('are the words that the program accepts: $name', ({ name, range }) => {
    for (const word of range) expect(readEnv({ [name]: word })[name]).toBe(word);
    expect(() => readEnv({ [name]: 'none of these' })).toThrow(EnvironmentError);
  });

  it('are given for every number', () => {
    const isNumber = (name: keyof typeof defaults) => typeof defaults[name] === 'number';
    expect(numbers.map(({ name }) => name)).toEqual(
      documented.map(({ name }) => name).filter((name) => isNumber(name)),
    );
  });
});
