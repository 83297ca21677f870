import type { HistoryLine } from './history-line';
import type { HistoryPlan, ReadyOrder } from './history-plan';

/** Differences between the file and the stored orders. */
export const NOTES = {
  DESCRIPTION_MISSING: 'lines without a description, named after their product',
  PRICE_ZERO: 'lines that cost nothing',
  PRICE_ROUNDED: 'lines whose price has more digits than the currency',
  LINE_REPEATED: 'lines that equal another line of their order; both are kept',
  CODE_RESPELLED: 'lines whose stock code is not in upper case, sold as the same product',
  CUSTOMER_MISSING: 'orders without a customer',
  TIMES_DIFFER: 'orders with several times, of which the first is kept',
  SKU_MISSING: 'lines without a SKU, stored without a product',
  FULFILMENT_UNKNOWN: 'lines of which an unknown number was fulfilled, stored as not fulfilled',
  PAYMENT_UNKNOWN:
    'orders that were paid in part, of which the file does not say how much; stored as not paid',
  COUNTRY_NOT_KEPT:
    'orders whose country is not stored: they have no customer, or the customer has a later country',
} as const;
export type Note = keyof typeof NOTES;
export type Notes = Record<Note, number>;

export function noNotes(): Notes {
  return Object.fromEntries(Object.keys(NOTES).map((note) => [note, 0])) as Notes;
}

export function note(notes: Notes, { order, lines }: ReadyOrder, plan: HistoryPlan): void {
  const seen = new Set<string>();
  for (const [i, line] of lines.entries()) {
    if (line.description === '') notes.DESCRIPTION_MISSING++;
    if (line.unitMinor === 0) notes.PRICE_ZERO++;
    if (line.isRounded) notes.PRICE_ROUNDED++;
    if (line.sku === '') notes.SKU_MISSING++;
    if (line.isPartlyFulfilled && line.fulfilled === 0) notes.FULFILMENT_UNKNOWN++;
    if (line.spelling !== line.sku) notes.CODE_RESPELLED++;
    if (seen.has(line.sku) && lines.slice(0, i).some((other) => isSame(line, other))) notes.LINE_REPEATED++;
    seen.add(line.sku);
  }
  if (order.heads !== null) {
    const head = lines.find((line) => line.head)?.head;
    if (head?.email == null && head?.name == null) notes.CUSTOMER_MISSING++;
    if (head?.isPaymentUnknown === true) notes.PAYMENT_UNKNOWN++;
    return;
  }
  if (lines.some(({ placedAt }) => placedAt !== order.placedAt)) notes.TIMES_DIFFER++;
  if (order.customer === null) notes.CUSTOMER_MISSING++;
  if (order.country !== (plan.countries.get(order.customer ?? '') ?? null)) notes.COUNTRY_NOT_KEPT++;
}

function isSame(a: HistoryLine, b: HistoryLine): boolean {
  return (
    a.spelling === b.spelling &&
    a.quantity === b.quantity &&
    a.unitMinor === b.unitMinor &&
    a.description === b.description
  );
}
