import { amountsOf } from './amounts';

describe('amountsOf', () => {
  it.each([
    ['6.95', 12, 'GBP', 695, 8340, false],
    ['0', 3, 'GBP', 0, 0, false],
    ['1500', 2, 'JPY', 1500, 3000, false],
    ['0.001', 1, 'GBP', 0, 0, true],
    ['0.001', 1000, 'GBP', 0, 100, true],
    ['0.005', 1, 'GBP', 1, 1, true],
    ['1.2345', 10, 'KWD', 1235, 12345, true],
  ])(
    'counts %s × %i %s exactly, and rounds once',
    (price, quantity, currency, unitMinor, totalMinor, isRounded) => {
      expect(amountsOf(price, quantity, currency)).toEqual({ unitMinor, totalMinor, isRounded });
    },
  );

  it.each(['', 'ten', '1,50', '1.', '.5', '1e3', '-1', '9999999999999', '9999999999999.001'])(
    'takes "%s" for no price',
    (price) => {
      expect(amountsOf(price, 1, 'GBP')).toBeNull();
    },
  );

  it('refuses what a thousand of could not be added up exactly', () => {
    expect(amountsOf('999999999.99', 90, 'GBP')).not.toBeNull();
    expect(amountsOf('999999999.99', 91, 'GBP')).toBeNull();
    expect(amountsOf('999999999.999', 91, 'GBP')).toBeNull();
  });
});
