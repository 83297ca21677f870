import { isMatch, isNoneMatch, tagOf } from './entity-tag';

const TAG = '"abc"';

describe('tagOf', () => {
  it('gives equal texts one tag and others another', () => {
    expect(tagOf('{"a":1}')).toBe(tagOf('{"a":1}'));
    expect(tagOf('{"a":1}')).not.toBe(tagOf('{"a":2}'));
    expect(tagOf('{}')).toMatch(/^"[\w-]{22}"$/);
  });
});

describe('the tag "abc"', () => {
  it.each([
    ['"abc"', true, false],
    ['*', true, false],
    [' * ', true, false],
    ['"x", "abc"', true, false],
    ['"x","abc" , "y"', true, false],
    ['"a,b","abc"', true, false],
    ['W/"abc"', false, false],
    ['W/"abc", "abc"', true, false],
    ['"x"', false, true],
    ['"ABC"', false, true],
    ['""', false, true],
    ['"*"', false, true],
    ['"x", W/"y"', false, true],
  ])('compared with %s', (header, match, noneMatch) => {
    expect([isMatch(header, TAG), isNoneMatch(header, TAG)]).toEqual([match, noneMatch]);
  });

  it.each([
    '',
    ' ',
    'abc',
    '"abc',
    'abc"',
    '*, "abc"',
    '"abc" "x"',
    '"a"b"',
    'w/"abc"',
    "'abc'",
    '"a b"',
    ',',
  ])('is not compared with a malformed header: %s', (header) => {
    for (const compare of [isMatch, isNoneMatch])
      expect(() => compare(header, TAG)).toThrow(/must be \* or a list of entity tags/);
  });
});
