import type { Node } from 'libpg-query';
import { deriveStatement } from '../pool-shape/derive-statement';
import { NotDerivable } from '../pool-shape/shop-key';
import type { Violation } from './lint-finding';

/** Reports what has no form for a pool, whose tables hold the rows of many shops. */
export function* checkPoolShape(statement: Node): Generator<Violation> {
  try {
    deriveStatement(statement);
  } catch (error) {
    if (!(error instanceof NotDerivable)) throw error;
    yield { rule: 'no-pool-form', detail: error.message };
  }
}
