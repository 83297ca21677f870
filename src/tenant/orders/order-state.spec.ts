import {
  dueMinor,
  fulfilmentStatus,
  overpaidMinor,
  type OrderState,
  paymentStatus,
  statusAfter,
} from './order-state';

/** Two units at 100 and one at 50. */
function order(fields: Partial<OrderState> = {}, lines: object[] = [{}, {}]): OrderState {
  const usual = [
    { quantity: 2, totalMinor: 200, fulfilled: 0, cancelled: 0 },
    { quantity: 1, totalMinor: 50, fulfilled: 0, cancelled: 0 },
  ];
  return {
    ...{ status: 'pending', totalMinor: 250, paidMinor: 0, refundedMinor: 0 },
    ...fields,
    lines: usual.map((line, i) => ({ ...line, ...lines[i] })),
  };
}

it.each([
  ['all of a new order', order(), 250],
  ['the rest after a part payment', order({ paidMinor: 100 }), 150],
  ['less for cancelled units', order({}, [{ cancelled: 1 }]), 150],
  ['nothing once more is paid than is left', order({ paidMinor: 200 }, [{ cancelled: 1 }]), 0],
  ['nothing of a cancelled order', order({ status: 'cancelled' }), 0],
  ['nothing again after a refund', order({ paidMinor: 250, refundedMinor: 250 }), 0],
  [
    'the discounted amount of a cancelled line',
    order({ totalMinor: 230 }, [{ totalMinor: 180, cancelled: 2 }]),
    50,
  ],
  [
    'what the units that are left share of a discounted line',
    order({ totalMinor: 150 }, [{ totalMinor: 100, cancelled: 1 }]),
    100,
  ],
  [
    'the rest of a line whose units share an odd amount',
    order({ totalMinor: 151 }, [{ totalMinor: 101, cancelled: 1 }]),
    100,
  ],
])('dueMinor is %s', (_what, state, due) => {
  expect(dueMinor(state)).toBe(due);
});

it.each([
  ['nothing of a new order', order(), 0],
  ['nothing of an order that is paid', order({ paidMinor: 250 }), 0],
  ['the price of cancelled units that were paid', order({ paidMinor: 250 }, [{ cancelled: 1 }]), 100],
  ['less after a refund', order({ paidMinor: 250, refundedMinor: 60 }, [{ cancelled: 1 }]), 40],
  ['nothing once it was refunded', order({ paidMinor: 250, refundedMinor: 100 }, [{ cancelled: 1 }]), 0],
  ['nothing after a refund without a cancellation', order({ paidMinor: 250, refundedMinor: 100 }), 0],
  ['all that was paid of a cancelled order', order({ status: 'cancelled', paidMinor: 100 }), 100],
])('overpaidMinor is %s', (_what, state, overpaid) => {
  expect(overpaidMinor(state)).toBe(overpaid);
});

it.each([
  ['pending', order()],
  ['partially_paid', order({ paidMinor: 249 })],
  ['paid', order({ paidMinor: 250, status: 'paid' })],
  ['paid', order({ paidMinor: 250, status: 'cancelled' })],
  ['partially_refunded', order({ paidMinor: 250, refundedMinor: 1 })],
  ['refunded', order({ paidMinor: 250, refundedMinor: 250 })],
  ['refunded', order({ paidMinor: 100, refundedMinor: 100 })],
  ['pending', order({ status: 'cancelled' })],
  ['paid', order({ status: 'paid', totalMinor: 0 }, [{ totalMinor: 0 }, { totalMinor: 0 }])],
  ['pending', order({ status: 'fulfilled' }, [{ fulfilled: 2 }, { fulfilled: 1 }])],
])('paymentStatus is %s', (status, state) => {
  expect(paymentStatus(state)).toBe(status);
});

it.each([
  ['unfulfilled', order()],
  ['partial', order({}, [{ fulfilled: 1 }])],
  ['partial', order({}, [{ fulfilled: 2 }])],
  ['fulfilled', order({}, [{ fulfilled: 1, cancelled: 1 }, { fulfilled: 1 }])],
  ['unfulfilled', order({}, [{ cancelled: 2 }, { cancelled: 1 }])],
])('fulfilmentStatus is %s', (status, state) => {
  expect(fulfilmentStatus(state)).toBe(status);
});

it.each([
  ['cancelled', order({}, [{ cancelled: 2 }, { cancelled: 1 }])],
  ['fulfilled', order({ status: 'paid' }, [{ fulfilled: 2 }, { cancelled: 1 }])],
  ['paid', order({ paidMinor: 250 })],
  ['paid', order({ paidMinor: 50 }, [{ cancelled: 2 }])],
  ['pending', order({ paidMinor: 249 })],
  ['paid', order({ status: 'paid', paidMinor: 250 }, [{ fulfilled: 1 }])],
  ['pending', order({ totalMinor: 0 }, [{ totalMinor: 0 }, { totalMinor: 0 }])],
])('statusAfter is %s', (status, state) => {
  expect(statusAfter(state, false)).toBe(status);
});

it('statusAfter of a payment is paid for a free order', () => {
  const free = order({ totalMinor: 0 }, [{ totalMinor: 0 }, { totalMinor: 0 }]);
  expect(statusAfter(free, true)).toBe('paid');
});
