import fc from 'fast-check';
import { databaseUrlProblem, placeOf } from './database-url';
import { EnvironmentError, readEnv } from './env';

const urlWith = (password: string) => `postgres://stoa:${password}@db.example.com:5433/shops`;
const PLACE = 'db.example.com:5433/shops';

/** The message that refuses a setting; undefined if it is accepted. */
function refusal(setting: 'DATABASE_URL' | 'POOLER_URL', url: string): string | undefined {
  try {
    readEnv({ [setting]: url });
    return undefined;
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return error.message;
  }
}

describe('DATABASE_URL with a password that is not encoded', () => {
  const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

  it.each([...printable, 'é', '中', '\u{1f511}', '\u00a0'])('with %j names no piece of it', (character) => {
    const shown = [`Tr${character}ub4dor`, `${character}Tr1`, `12${character}34`, `Tr${character}`].map(
      (password) =>
        refusal('DATABASE_URL', urlWith(password)) ?? placeOf(urlWith(password)).replace(PLACE, ''),
    );
    expect(shown.join('\n')).not.toMatch(/Tr|ub4dor|12|34|db\./);
  });

  it.each(['p@ss/w#rd', 'a/b', 'a?b', 'a#b', '1/2', '1#2', '/', '#', '?@', 'a%', '%zz', '%80', 'a@b/c@d'])(
    '%j is refused, with the advice to encode it',
    (password) => {
      expect(refusal('DATABASE_URL', urlWith(password))).toContain('encode the special characters');
      expect(refusal('POOLER_URL', urlWith(password))).toMatch(/POOLER_URL/);
      expect(refusal('DATABASE_URL', urlWith(encodeURIComponent(password)))).toBeUndefined();
    },
  );

  it('is either refused or not taken for a piece of the place, whatever it is', () => {
    const password = fc.string({
      unit: fc.constantFrom(...'ab12@/?#:%[]\\;,&=+$! "<>^`{|}~é'),
      maxLength: 12,
    });
    const isSafe = fc.property(
      password,
      (text) => databaseUrlProblem(urlWith(text)) !== undefined || placeOf(urlWith(text)) === PLACE,
    );
    expect(fc.check(isSafe, { numRuns: 5000 }).counterexample).toBeNull();
  });

  it('is accepted when it is encoded, whatever it is', () => {
    const isAccepted = fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }), (text) => {
      const url = urlWith(encodeURIComponent(text));
      return databaseUrlProblem(url) === undefined && placeOf(url) === PLACE;
    });
    expect(fc.check(isAccepted).counterexample).toBeNull();
  });
});

describe('databaseUrlProblem', () => {
  it.each([
    'postgres://127.0.0.1/stoa',
    'postgresql://stoa:secret@[::1]:5432/stoa',
    'POSTGRES://stoa@db/stoa?sslmode=require',
    'postgres:///stoa?host=/var/run/postgresql',
  ])('accepts %s', (url) => {
    expect(databaseUrlProblem(url)).toBeUndefined();
  });

  it.each([
    'mysql://a/b',
    'postgres:u:p@h/db',
    'postgres:/u:p@h/db',
    'postgres://h',
    'postgres://h/',
    'db',
    'postgres://',
  ])('refuses %s', (url) => {
    expect(databaseUrlProblem(url)).toContain('must be a postgres:// URL');
  });
});

describe('placeOf', () => {
  it.each([
    ['postgres://stoa:secret@db/stoa', 'db:5432/stoa'],
    ['postgres://[::1]:5433/my%20shops', '[::1]:5433/my shops'],
    ['postgres:///stoa?host=/var/run/postgresql', '/var/run/postgresql:5432/stoa'],
    ['postgres:///stoa', 'localhost:5432/stoa'],
  ])('of %s is %s', (url, place) => {
    expect(placeOf(url)).toBe(place);
  });
});
