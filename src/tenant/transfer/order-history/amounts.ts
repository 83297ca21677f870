import { MAX_MINOR, minorDigits, parseMinor } from '../../../common/money';
import { MAX_IMPORTED_LINES } from '../../orders/orders.dto';

export interface Amounts {
  unitMinor: number;
  totalMinor: number;
  /** The price has more digits than the currency. */
  isRounded: boolean;
}

/** Largest total of one line. An order of as many lines as an import accepts still has an exact sum. */
const MAX_TOTAL = Math.floor(Number.MAX_SAFE_INTEGER / MAX_IMPORTED_LINES);

/**
 * Unit price and total of a line, in minor units. A price with more digits than the currency is multiplied exactly and
 * rounded half up afterwards: 1,000 at 0.001 cost 1.00. Null if the text is not a price or the amount is too large.
 */
export function amountsOf(price: string, quantity: number, currency: string): Amounts | null {
  const unitMinor = parseMinor(price, currency);
  if (unitMinor === null) return roundedAmounts(price, quantity, currency);
  const totalMinor = unitMinor * quantity;
  return totalMinor > MAX_TOTAL ? null : { unitMinor, totalMinor, isRounded: false };
}

function roundedAmounts(price: string, quantity: number, currency: string): Amounts | null {
  const [, whole, decimals] = /^(\d{1,12})\.(\d{1,12})$/.exec(price) ?? [];
  if (whole === undefined || decimals === undefined) return null;
  const digits = minorDigits(currency);
  if (decimals.length <= digits) return null; // nothing to round: the amount was too large
  const exact = BigInt(whole + decimals);
  const divisor = 10n ** BigInt(decimals.length - digits);
  const rounded = (amount: bigint): number => Number((2n * amount + divisor) / (2n * divisor));
  const [unitMinor, totalMinor] = [rounded(exact), rounded(exact * BigInt(quantity))];
  return unitMinor > MAX_MINOR || totalMinor > MAX_TOTAL ? null : { unitMinor, totalMinor, isRounded: true };
}
