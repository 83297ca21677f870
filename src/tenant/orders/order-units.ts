import { invalidField } from '../../common/common.errors';
import type { OrderUnitsDto } from './order-actions.dto';
import type { OrderRow } from './orders.dto';
import { OrderLineNotFound, QuantityExceeded } from './orders.errors';

type Line = OrderRow['lines'][number];

/** Units of one line that an action takes. */
export interface TakenUnits {
  line: Line;
  quantity: number;
}

/**
 * Units that an action takes of the lines of an order: those that the request names, or else all that are left. Units
 * that are named twice are added up.
 * @param leftOf how many the action may still take of a line
 * @throws OrderLineNotFound, QuantityExceeded, ValidationFailed
 */
export function takeUnits(
  lines: readonly Line[],
  wanted: readonly OrderUnitsDto[] | undefined,
  leftOf: (line: Line) => number,
): TakenUnits[] {
  const named = wanted === undefined ? null : namedUnits(lines, wanted);
  const taken = lines
    .map((line) => ({ line, quantity: named === null ? leftOf(line) : (named.get(line) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
  const errors = taken
    .filter(({ line, quantity }) => quantity > leftOf(line))
    .map(({ line, quantity }) => ({
      position: line.position,
      variantId: line.variantId,
      wanted: quantity,
      available: leftOf(line),
    }));
  if (errors.length > 0) throw new QuantityExceeded({ errors });
  return taken;
}

function namedUnits(lines: readonly Line[], wanted: readonly OrderUnitsDto[]): Map<Line, number> {
  const named = new Map<Line, number>();
  for (const [i, units] of wanted.entries()) {
    const line = lineOf(lines, units, i);
    named.set(line, (named.get(line) ?? 0) + units.quantity);
  }
  return named;
}

function lineOf(lines: readonly Line[], { variantId, position }: OrderUnitsDto, i: number): Line {
  if ((variantId === undefined) === (position === undefined))
    throw invalidField(`lines.${i}`, 'give either variantId or position');
  const [first, second] = lines.filter((line) =>
    variantId === undefined ? line.position === position : line.variantId === variantId,
  );
  if (first === undefined) throw new OrderLineNotFound();
  if (second !== undefined)
    throw invalidField(`lines.${i}`, 'several lines have this variant; name one by position');
  return first;
}
