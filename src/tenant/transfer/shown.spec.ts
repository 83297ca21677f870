import { shown as shownValue } from './imports/import-report';
import { shown as shownCell } from './shopify/shopify-row';

it.each([
  ['a cell', (text: string) => shownCell(text)],
  ['a value', (text: string) => shownValue(text, 41)],
])('%s that is too long is never cut within a character', (_what, shown) => {
  for (const length of [37, 38, 39, 40, 41]) {
    const text = shown(`${'x'.repeat(length)}🧶🧶🧶`);
    expect(text).toContain('…');
    expect([text.isWellFormed(), text]).toEqual([true, expect.not.stringContaining(String.raw`\ud`)]);
  }
});
