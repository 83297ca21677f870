import { beginningOf, isMisleading } from './safe-text';

it.each([
  ['an escape', 'a\u001b[2Jb', true],
  ['a C1 control', 'a\u009b31mb', true],
  ['a next line', 'a\u0085b', true],
  ['a line break', 'a\nb', true],
  ['a line separator', 'a\u2028b', true],
  ['an override of the direction', 'a\u202eb', true],
  ['an isolate', 'a\u2066b', true],
  ['letters of both directions', 'Café שלום 👩‍👩‍👧', false],
])('isMisleading for %s', (_what, name, expected) => {
  expect(isMisleading(name)).toBe(expected);
});

it.each([
  ['ab', 3, 'ab'],
  ['abc', 2, 'ab'],
  ['a🧶b', 2, 'a'],
  ['a🧶b', 3, 'a🧶'],
])('beginningOf %s, %i code units at most', (text, max, expected) => {
  expect(beginningOf(text, max)).toBe(expected);
});
