import { cancelRefusal, fulfilRefusal, payRefusal, refundRefusal } from './order-refusals';
import type { OrderState } from './order-state';

/** One unit at 1400. */
function order(fields: Partial<OrderState> = {}, line: object = {}): OrderState & { kind: 'sale' } {
  return {
    ...{ kind: 'sale', status: 'pending', totalMinor: 1400, paidMinor: 0, refundedMinor: 0 },
    lines: [{ quantity: 1, totalMinor: 1400, fulfilled: 0, cancelled: 0, ...line }],
    ...fields,
  };
}
const paid = order({ status: 'paid', paidMinor: 1400 });
const fulfilled = order({ status: 'fulfilled', paidMinor: 1400 }, { fulfilled: 1 });
const refunded = order({ ...fulfilled, refundedMinor: 1400 });
const cancelled = order({ status: 'cancelled' }, { cancelled: 1 });
const ofReturn = { ...order(), kind: 'return' as const };

it.each([
  ['pay', 'nothing is due', payRefusal(cancelled)],
  ['pay', 'Everything is paid', payRefusal(paid)],
  ['fulfil', 'Record the payment first, by pay: 1400 are due', fulfilRefusal(order())],
  ['fulfil', 'by pay: 400 are due', fulfilRefusal(order({ paidMinor: 1000 }))],
  ['fulfil', 'No unit is left', fulfilRefusal(fulfilled)],
  ['fulfil', 'No unit is left', fulfilRefusal(cancelled)],
  ['cancel', 'cancelled already', cancelRefusal(cancelled)],
  ['cancel', 'come back by refund', cancelRefusal(fulfilled)],
  ['refund', 'Nothing is paid', refundRefusal(order(), undefined)],
  ['refund', 'All that was paid has been refunded', refundRefusal(refunded, undefined)],
  ['refund', 'send lines and amountMinor 0', refundRefusal(refunded, 1)],
  ['refund', 'of kind return', refundRefusal(ofReturn, 0)],
])('%s says "%s"', (_action, words, refusal) => {
  expect(refusal).toContain(words);
});

it.each([
  ['pay', payRefusal(order())],
  ['pay of a free order', payRefusal(order({ totalMinor: 0 }))],
  ['fulfil', fulfilRefusal(paid)],
  ['cancel', cancelRefusal(order())],
  ['cancel', cancelRefusal(paid)],
  ['refund', refundRefusal(paid, undefined)],
  ['refund of units alone', refundRefusal(refunded, 0)],
])('%s is possible', (_action, refusal) => {
  expect(refusal).toBeNull();
});
