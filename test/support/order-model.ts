/** Code of the error that a request must get, or null if it must succeed. */
export type Expected = string | null;

export interface Units {
  position: number;
  quantity: number;
}

interface Line extends Units {
  variantId: string;
  priceMinor: number;
  tookStock: boolean;
  fulfilled: number;
  cancelled: number;
  returned: number;
}

interface Event {
  kind: string;
  amountMinor: number | null;
  lines: Units[];
  restock: boolean | null;
}

/** Units that go back into stock. */
export type GoesBack = { variantId: string; quantity: number }[];

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const openOf = ({ quantity, fulfilled, cancelled }: Line) => quantity - fulfilled - cancelled;

/** The rules of orders, written a second time: a test compares the program with it. */
export class OrderModel {
  status = 'pending';
  paidMinor = 0;
  refundedMinor = 0;
  readonly events: Event[] = [];
  /** Units of each variant that the order took from stock and has not given back. */
  readonly taken: Map<string, number>;

  constructor(
    readonly id: string,
    readonly lines: Line[],
  ) {
    const counted = lines.filter(({ tookStock }) => tookStock);
    this.taken = new Map(counted.map(({ variantId, quantity }) => [variantId, quantity]));
  }

  get totalMinor(): number {
    return sum(this.lines.map(({ quantity, priceMinor }) => quantity * priceMinor));
  }

  get dueMinor(): number {
    if (this.status === 'cancelled') return 0;
    const wanted = sum(
      this.lines.map(({ quantity, cancelled, priceMinor }) => (quantity - cancelled) * priceMinor),
    );
    return Math.max(0, wanted - this.paidMinor);
  }

  pay(amountMinor?: number): Expected {
    const due = this.dueMinor;
    if (this.status === 'cancelled' || (this.status !== 'pending' && due === 0)) return 'TRANSITION_REFUSED';
    if (amountMinor !== undefined && amountMinor > due) return 'AMOUNT_EXCEEDED';
    const amount = amountMinor ?? due;
    this.paidMinor += amount;
    if (this.dueMinor === 0 && this.status === 'pending') this.status = 'paid';
    this.events.push({ kind: 'payment', amountMinor: amount || null, lines: [], restock: null });
    return null;
  }

  fulfil(wanted: readonly Units[] | undefined): Expected {
    if (this.status !== 'paid') return 'TRANSITION_REFUSED';
    const units = this.unitsOf(wanted, openOf);
    if (typeof units === 'string') return units;
    for (const { position, quantity } of units) this.lines[position - 1]!.fulfilled += quantity;
    this.events.push({ kind: 'fulfilment', amountMinor: null, lines: units, restock: null });
    this.settle();
    return null;
  }

  cancel(wanted: readonly Units[] | undefined, restock: boolean): Expected | GoesBack {
    if (this.status !== 'pending' && this.status !== 'paid') return 'TRANSITION_REFUSED';
    const units = this.unitsOf(wanted, openOf);
    if (typeof units === 'string') return units;
    for (const { position, quantity } of units) this.lines[position - 1]!.cancelled += quantity;
    this.settle();
    return this.giveBack('cancellation', null, units, restock);
  }

  refund(amountMinor: number | undefined, wanted: readonly Units[], restock: boolean): Expected | GoesBack {
    const left = this.paidMinor - this.refundedMinor;
    if (left === 0 && amountMinor !== 0) return 'TRANSITION_REFUSED';
    if (amountMinor !== undefined && amountMinor > left) return 'AMOUNT_EXCEEDED';
    const units = this.unitsOf(wanted, ({ fulfilled, returned }) => fulfilled - returned);
    if (typeof units === 'string') return units;
    this.refundedMinor += amountMinor ?? left;
    for (const { position, quantity } of units) this.lines[position - 1]!.returned += quantity;
    return this.giveBack('refund', amountMinor ?? left, units, restock);
  }

  private giveBack(kind: string, amountMinor: number | null, lines: Units[], restock: boolean): GoesBack {
    const units = lines.map(({ position, quantity }) => ({ ...this.lines[position - 1]!, quantity }));
    const back = units.filter(({ tookStock }) => tookStock);
    this.events.push({ kind, amountMinor, lines, restock: back.length > 0 ? restock : null });
    if (!restock) return [];
    for (const { variantId, quantity } of back)
      this.taken.set(variantId, (this.taken.get(variantId) ?? 0) - quantity);
    return back;
  }

  private unitsOf(wanted: readonly Units[] | undefined, leftOf: (line: Line) => number): Units[] | string {
    if (wanted?.some(({ position }) => position > this.lines.length)) return 'ORDER_LINE_NOT_FOUND';
    const units = this.lines
      .map((line) => {
        const named = wanted?.filter(({ position }) => position === line.position) ?? [];
        const quantity = wanted === undefined ? leftOf(line) : sum(named.map((unit) => unit.quantity));
        return { position: line.position, quantity, left: leftOf(line) };
      })
      .filter(({ quantity }) => quantity > 0);
    if (units.some(({ quantity, left }) => quantity > left)) return 'QUANTITY_EXCEEDED';
    return units.map(({ position, quantity }) => ({ position, quantity }));
  }

  /** The status once units are fulfilled or cancelled. */
  private settle(): void {
    if (this.lines.every(({ quantity, cancelled }) => quantity === cancelled)) this.status = 'cancelled';
    else if (this.lines.every((line) => openOf(line) === 0)) this.status = 'fulfilled';
    else if (this.dueMinor === 0 && this.paidMinor > 0) this.status = 'paid';
  }
}
