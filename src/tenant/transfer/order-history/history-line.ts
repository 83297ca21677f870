import type { OrderKind } from '../../orders/order.entity';

/** Most characters of a cell. */
export const MAX_TEXT = 255;
/** Most characters of the number of an order. */
export const MAX_NUMBER = 64;

/** Reason why a row is not stored; except PRICE_ROUNDED: that row is stored. */
export type FaultCode =
  | 'COLUMN_COUNT'
  | 'TEXT_INVALID'
  | 'INVOICE_MISSING'
  | 'STOCK_CODE_MISSING'
  | 'QUANTITY_INVALID'
  | 'PRICE_INVALID'
  | 'SIGNS_INVALID'
  | 'TIME_INVALID'
  | 'KIND_DIFFERS'
  | 'CUSTOMER_DIFFERS'
  | 'LINES_TOO_MANY'
  | 'AMOUNT_INVALID'
  | 'STATUS_INVALID'
  | 'EMAIL_INVALID'
  | 'CURRENCY_INVALID'
  | 'CURRENCY_DIFFERS'
  | 'ORDER_DATA_MISSING'
  | 'ORDER_REPEATED'
  | 'ORDER_UNUSABLE'
  | 'PRICE_ROUNDED';

export interface RowFault {
  /** Line of the file; the header is line 1. */
  line: number;
  invoice: string | null;
  code: FaultCode;
  /** For people. */
  message: string;
}

/** A line of an order. Amounts and quantity are never negative: `kind` gives their direction. */
export interface HistoryLine {
  line: number;
  invoice: string;
  /** The stock code as spelled in the file. */
  spelling: string;
  /** The stock code in upper case: files spell one code in both cases. Empty if the line names no product. */
  sku: string;
  /** May be empty. */
  description: string;
  kind: OrderKind;
  quantity: number;
  unitMinor: number;
  totalMinor: number;
  isRounded: boolean;
  discountMinor: number;
  fulfilled: number;
  cancelled: number;
  /** An unknown number of units was fulfilled. */
  isPartlyFulfilled: boolean;
  currency: string;
  /** As `momentOf` gives it. This and the next two are in `head` alone for an order of Shopify, which the plan need not keep. */
  placedAt: string;
  /** Number of the customer. */
  customer: string | null;
  country: string | null;
  /** Data of an order of Shopify, null on its further rows; undefined in a file of order lines. */
  head: OrderHead | null | undefined;
}

export type HistoryRow = HistoryLine | RowFault;

export function isFault(row: HistoryRow): row is RowFault {
  return 'code' in row;
}

/** The part of a Shopify order that stands on its first row alone. Times are as `momentOf` gives them. */
export interface OrderHead {
  currency: string;
  subtotalMinor: number | null;
  discountMinor: number;
  shippingMinor: number;
  taxMinor: number;
  totalMinor: number;
  paidMinor: number;
  refundedMinor: number;
  /** All that was due was paid. */
  isPaid: boolean;
  /** A part was paid, and the file does not say how much. */
  isPaymentUnknown: boolean;
  isFulfilled: boolean;
  placedAt: string;
  paidAt: string | null;
  fulfilledAt: string | null;
  cancelledAt: string | null;
  email: string | null;
  name: string | null;
  country: string | null;
  tags: string[];
  note: string | null;
  attributes: Record<string, string>;
  details: Record<string, string>;
}
