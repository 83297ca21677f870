import { addsVariants } from './adds-variants';

const known = (count: number) => Array.from({ length: count }, (_, i) => ({ id: String(i) }));

it.each([
  ['has a variant without an id', { variants: [{ id: '1' }, { priceMinor: 1 }] }, true],
  ['has more than a hundred variants', { variants: known(101) }, true],
  ['has a hundred variants that are there', { variants: known(100) }, false],
  ['has no variants', { name: 'Bowl' }, false],
  ['has none in its list', { variants: [] }, false],
  ['is not there', undefined, false],
  ['is null', null, false],
  ['is no object', 'x', false],
  ['has variants that are no list', { variants: 1 }, false],
])('addsVariants for a body that %s', (_what, body, adds) => {
  expect(addsVariants(body)).toBe(adds);
});
