import * as fc from 'fast-check';
import { MAX_MINOR, formatMinor, minorDigits, parseMinor } from './money';

describe('minorDigits', () => {
  it.each([
    ['EUR', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
    ['HUF', 2],
  ])('says how many decimals %s has', (currency, digits) => {
    expect(minorDigits(currency)).toBe(digits);
  });
});

describe('parseMinor', () => {
  it.each([
    ['9.99', 'USD', 999],
    ['50', 'USD', 5000],
    ['0.1', 'USD', 10],
    ['0', 'USD', 0],
    ['007.50', 'USD', 750],
    ['1200', 'JPY', 1200],
    ['1.234', 'KWD', 1234],
  ])('reads %s %s', (text, currency, minor) => {
    expect(parseMinor(text, currency)).toBe(minor);
  });

  it('accepts further decimals that are zeros', () => {
    expect(parseMinor('9.9900', 'USD')).toBe(999);
    expect(parseMinor('1200.00', 'JPY')).toBe(1200);
  });

  it('refuses more decimals than the currency has', () => {
    expect(parseMinor('9.999', 'USD')).toBeNull();
    expect(parseMinor('1200.5', 'JPY')).toBeNull();
    expect(parseMinor('1.2345', 'KWD')).toBeNull();
  });

  it.each([
    '',
    ' ',
    '-1',
    '+1',
    '1e3',
    '1,000.00',
    '1 000',
    '$5',
    '5 €',
    '.5',
    '5.',
    '1.2.3',
    '0x10',
    '١',
    'NaN',
  ])('refuses %j', (text) => {
    expect(parseMinor(text, 'USD')).toBeNull();
  });

  it('accepts the largest amount and refuses one more', () => {
    expect(parseMinor('1000000000.00', 'USD')).toBe(MAX_MINOR);
    expect(parseMinor('1000000000.01', 'USD')).toBeNull();
    expect(parseMinor('9'.repeat(400), 'USD')).toBeNull();
  });

  it('reads back every amount that was written out, in any currency', () => {
    const amount = fc.integer({ min: 0, max: MAX_MINOR });
    fc.assert(
      fc.property(amount, fc.constantFrom('USD', 'JPY', 'KWD', 'CLF'), (minor, currency) => {
        const digits = minorDigits(currency);
        const padded = String(minor).padStart(digits + 1, '0');
        const text = digits === 0 ? padded : `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
        expect(parseMinor(text, currency)).toBe(minor);
      }),
    );
  });
});

describe('formatMinor', () => {
  it.each([
    [1250, 'USD', '12.50'],
    [5, 'USD', '0.05'],
    [0, 'USD', '0.00'],
    [-199, 'USD', '-1.99'],
    [1200, 'JPY', '1200'],
    [1234, 'KWD', '1.234'],
    [Number.MAX_SAFE_INTEGER, 'USD', '90071992547409.91'],
    ['-18014398509481982001', 'USD', '-180143985094819820.01'],
  ])('writes %s %s', (minor, currency, text) => {
    expect(formatMinor(minor, currency)).toBe(text);
  });
});
