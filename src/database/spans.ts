import type { Attributes } from '../common/tracing';

/** Longest part of a statement in a span. */
const STATEMENT_LENGTH = 2000;
const SYSTEM = { 'db.system.name': 'postgresql' };

interface Described {
  name: string;
  attributes: Attributes;
}

/** Describes a transaction. @param shopId undefined on the public side */
export function shopTransaction(shopId: string | undefined): Described {
  if (shopId === undefined) return { name: 'public transaction', attributes: SYSTEM };
  return { name: 'shop transaction', attributes: { ...SYSTEM, 'stoa.shopId': shopId } };
}

/** Describes a statement by its text, which has parameters in place of values. */
export function statementSpan(query: unknown): Described {
  const text = typeof query === 'string' ? query : String((query as { text?: unknown }).text);
  const name = /^[\s(]*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'statement';
  return { name, attributes: { ...SYSTEM, 'db.query.text': text.slice(0, STATEMENT_LENGTH) } };
}
