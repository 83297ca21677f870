import type { EntityMetadata } from 'typeorm';

/** Tables whose rows are not recorded, each with the place of their history. A new table is recorded unless it is named here. */
export const NOT_RECORDED: Readonly<Record<string, string>> = {
  changes: 'is the record',
  stock_changes: 'is a record: the ledger of the stock',
  order_events: 'is a record: of what was done to an order',
  order_lines: 'units change by order events, nothing else does',
  imports: 'is a record: an import is stored once, and its undoing in it',
  import_changes: 'serves the undoing of an import, for 30 days',
  product_embeddings: 'is made from products, by the program',
  counters: 'counts',
  members: 'is written by the engine; the audit log in public has it',
};

/** Fields that are recorded elsewhere, by table: the stock in its ledger, the states of an order in its events. */
export const RECORDED_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  product_variants: ['stock'],
  orders: ['status', 'paidMinor', 'refundedMinor'],
};

/** Name of a resource: that of its table, which is also its route, but for variants. */
export function resourceOf({ tableName }: EntityMetadata): string {
  return tableName === 'product_variants' ? 'variants' : tableName;
}

/** Names of the resources whose changes are recorded. @param entities of a shop */
export function recordedResources(entities: readonly EntityMetadata[]): string[] {
  return entities.filter(({ tableName }) => !(tableName in NOT_RECORDED)).map(resourceOf);
}
