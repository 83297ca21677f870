import { isEmail, isISO4217CurrencyCode } from 'class-validator';
import { parseMinor } from '../../../common/money';
import { beginningOf } from '../../../common/safe-text';
import type { FaultCode, OrderHead } from './history-line';
import { momentOf } from './moments';

type HeadFault = [code: FaultCode, message: string];

export type TextOf = (column: string) => string;

const UNPAID = ['pending', 'authorized', 'voided', 'expired', 'unpaid'];
const PAID = ['paid', 'partially_refunded', 'refunded'];
const OPEN = [
  '',
  'unfulfilled',
  'partial',
  'restocked',
  'pending',
  'open',
  'on_hold',
  'scheduled',
  'in_progress',
];

/** Columns with a field of their own; the statuses are kept as attributes too, because they say more than ours. */
const FIELDS = new Set([
  ...['Name', 'Email', 'Paid at', 'Fulfilled at', 'Currency', 'Subtotal', 'Shipping', 'Taxes', 'Total'],
  ...['Discount Amount', 'Created at', 'Cancelled at', 'Refunded Amount', 'Tags', 'Notes', 'Vendor'],
]);
const DETAIL = /^(?:Billing .+|Shipping (?!Method$).+|Phone|Note Attributes)$/;
const MAX_NAME = 255;

/** True for the row that carries the data of its order. */
export function isHead(textOf: TextOf): boolean {
  return ['Financial Status', 'Subtotal', 'Total'].some((column) => textOf(column) !== '');
}

/** Columns of which the head keeps the texts. */
export interface KeptColumns {
  attributes: string[];
  details: string[];
}

export function keptColumns(names: readonly string[]): KeptColumns {
  return { attributes: names.filter(isAttribute), details: names.filter((name) => DETAIL.test(name)) };
}

/** @param usual currency of an order that names none */
export function readHead(textOf: TextOf, kept: KeptColumns, usual: string): OrderHead | HeadFault {
  const currency = textOf('Currency').toUpperCase() || usual;
  if (!isISO4217CurrencyCode(currency))
    return ['CURRENCY_INVALID', `"${currency}" is not the code of a currency.`];
  const times = readTimes(textOf);
  if (typeof times === 'string')
    return ['TIME_INVALID', `"${times}" is not a time such as 2026-05-01 10:00:00 +0200.`];
  const amounts = readAmounts(textOf, currency);
  if (isFault(amounts)) return amounts;
  const email = textOf('Email').normalize('NFC').toLowerCase() || null;
  if (email !== null && (!isEmail(email) || email.length > 254))
    return ['EMAIL_INVALID', `"${email}" is not an e-mail address.`];
  const fulfilment = textOf('Fulfillment Status').toLowerCase();
  if (fulfilment !== 'fulfilled' && !OPEN.includes(fulfilment))
    return ['STATUS_INVALID', `"${fulfilment}" is not a known Fulfillment Status.`];
  return {
    ...{ currency, email, ...amounts, ...times },
    isFulfilled: fulfilment === 'fulfilled',
    name: nameOf(textOf),
    country: textOf('Billing Country') || textOf('Shipping Country') || null,
    tags: tagsOf(textOf('Tags')),
    note: textOf('Notes') || null,
    attributes: textsOf(textOf, kept.attributes),
    details: textsOf(textOf, kept.details),
  };
}

type Times = Pick<OrderHead, 'placedAt' | 'paidAt' | 'fulfilledAt' | 'cancelledAt'>;

/** @returns a text that is no time, if there is one */
function readTimes(textOf: TextOf): Times | string {
  const texts = ['Created at', 'Paid at', 'Fulfilled at', 'Cancelled at'].map(textOf);
  const moments = texts.map((text, i) => (text === '' && i > 0 ? null : momentOf(text)));
  const wrong = texts.find((text, i) => moments[i] === null && (text !== '' || i === 0));
  if (wrong !== undefined) return wrong;
  const [placedAt, paidAt, fulfilledAt, cancelledAt] = moments as [string, ...(string | null)[]];
  return { placedAt, paidAt: paidAt!, fulfilledAt: fulfilledAt!, cancelledAt: cancelledAt! }; // four were read
}

type Amounts = Pick<
  OrderHead,
  | 'subtotalMinor'
  | 'discountMinor'
  | 'shippingMinor'
  | 'taxMinor'
  | 'totalMinor'
  | 'paidMinor'
  | 'refundedMinor'
  | 'isPaid'
  | 'isPaymentUnknown'
>;

function readAmounts(textOf: TextOf, currency: string): Amounts | HeadFault {
  const columns = ['Subtotal', 'Discount Amount', 'Shipping', 'Taxes', 'Total', 'Refunded Amount'];
  const values = columns.map((column) =>
    textOf(column) === '' && column !== 'Total' ? 0 : parseMinor(textOf(column), currency),
  );
  const wrong = values.indexOf(null);
  if (wrong >= 0)
    return ['AMOUNT_INVALID', `"${textOf(columns[wrong]!)}" is not an amount of ${columns[wrong]}.`];
  const [subtotal, discountMinor, shippingMinor, taxMinor, totalMinor, refundedMinor] = values as [
    ...[number, number, number],
    ...[number, number, number],
  ];
  const status = textOf('Financial Status').toLowerCase();
  if (![...UNPAID, ...PAID, 'partially_paid'].includes(status))
    return ['STATUS_INVALID', `"${status}" is not a known Financial Status.`];
  const isPaid = PAID.includes(status);
  const due = parseMinor(textOf('Outstanding Balance'), currency);
  const isPart = status === 'partially_paid';
  const partMinor = isPart && due !== null ? Math.max(0, totalMinor - due) : 0;
  const paidMinor = isPaid ? totalMinor : partMinor;
  if (refundedMinor > paidMinor) return ['AMOUNT_INVALID', 'More was refunded than was paid.'];
  return {
    ...{ discountMinor, shippingMinor, taxMinor, totalMinor, paidMinor, refundedMinor, isPaid },
    subtotalMinor: textOf('Subtotal') === '' ? null : subtotal,
    isPaymentUnknown: isPart && due === null,
  };
}

function isFault(read: Amounts | HeadFault): read is HeadFault {
  return Array.isArray(read);
}

function isAttribute(column: string): boolean {
  return (
    column !== '' &&
    column !== '__proto__' &&
    !FIELDS.has(column) &&
    !column.startsWith('Lineitem ') &&
    !DETAIL.test(column)
  );
}

function nameOf(textOf: TextOf): string | null {
  const columns = ['Billing Name', 'Shipping Name', 'Billing Company', 'Phone'];
  const name = columns.map(textOf).find((text) => text !== '');
  return name === undefined ? null : beginningOf(name, MAX_NAME);
}

function tagsOf(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');
}

function textsOf(textOf: TextOf, columns: readonly string[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const column of columns) {
    const text = textOf(column);
    if (text !== '') texts[column] = text;
  }
  return texts;
}
