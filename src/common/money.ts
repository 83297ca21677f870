/**
 * Largest accepted amount, in minor units. Ninety thousand such amounts still add up exactly in a double (below 2^53),
 * which is more than an order has lines.
 */
export const MAX_MINOR = 100_000_000_000;

/**
 * ISO 4217 minor units other than 2. `Intl.NumberFormat` is no substitute: it follows CLDR's usage in print, which changes.
 * HUF, IDR, COP and PKR have 2 digits on Node 20.19 and 0 on Node 20.20, so a stored amount would change a hundredfold
 * with a patch of Node.
 */
const DIGITS: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
]);

/**
 * Returns the number of decimals of a currency: 2 for USD, 0 for JPY, 3 for KWD.
 * @param currency ISO 4217 code in upper case, validated before; any that is not listed above has 2
 */
export function minorDigits(currency: string): number {
  return DIGITS.get(currency) ?? 2;
}

/**
 * Parses a decimal amount such as `12.5` to minor units (1250 for USD), digit by digit and without a float, so nothing is
 * rounded. Returns null for any other text: empty, signed, with an exponent, a thousands separator, a currency sign or a
 * space, with more decimals than the currency has (unless they are zeros), or above MAX_MINOR.
 */
export function parseMinor(text: string, currency: string): number | null {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const [, whole = '', decimals = ''] = match;
  const digits = minorDigits(currency);
  if (/[^0]/.test(decimals.slice(digits))) return null;
  const minor = (whole + decimals.slice(0, digits).padEnd(digits, '0')).replace(/^0+/, '');
  if (minor.length > String(MAX_MINOR).length) return null;
  const amount = Number(minor);
  return amount > MAX_MINOR ? null : amount;
}

/** Formats minor units, an integer or its digits, as a decimal amount: 1250 as `12.50` for USD, without a float either. */
export function formatMinor(minor: number | string, currency: string): string {
  const digits = minorDigits(currency);
  const [sign, amount] = String(minor).startsWith('-') ? ['-', String(minor).slice(1)] : ['', String(minor)];
  const text = amount.padStart(digits + 1, '0');
  const [whole, decimals] = [text.slice(0, text.length - digits), text.slice(text.length - digits)];
  return `${sign}${whole}${digits === 0 ? '' : `.${decimals}`}`;
}
