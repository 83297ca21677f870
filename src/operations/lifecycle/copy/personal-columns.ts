/**
 * Fate of a personal value in an anonymised copy. `name` and `email`: those of the invented person in place of the row's.
 * `code`: another code, the same for the same one. `null`, and `empty` for an object or a list: erased.
 */
export type Fate = 'name' | 'email' | 'code' | 'null' | 'empty';

export interface PersonalTable {
  /** Columns that tell which person a row is about. */
  person?: { name: string; email?: string; memberId?: string };
  columns: Record<string, Fate>;
}

/** Personal columns by table. Free words that members wrote about an order or a person count as personal. */
export const PERSONAL: Record<string, PersonalTable> = {
  members: { person: { name: 'name', memberId: 'user_id' }, columns: { name: 'name' } },
  customers: {
    person: { name: 'name', email: 'email' },
    columns: { name: 'name', email: 'email', external_number: 'code' },
  },
  orders: {
    person: { name: 'customer_name', email: 'customer_email' },
    columns: {
      customer_name: 'name',
      customer_email: 'email',
      customer_details: 'empty',
      note: 'null',
      tags: 'empty',
      attributes: 'empty',
    },
  },
  order_events: { columns: { note: 'null' } },
  stock_changes: { columns: { note: 'null' } },
  changes: { columns: { fields: 'empty', request_id: 'null' } },
};

/** Columns of text and JSON that were reviewed and hold nothing about a person: the catalogue, codes, counts. */
export const IMPERSONAL: Record<string, readonly string[]> = {
  changes: ['resource', 'kind'],
  counters: ['name'],
  customers: ['country'],
  import_changes: ['before', 'after'],
  imports: ['sha256', 'mode', 'counts'],
  members: ['role'],
  order_events: ['kind', 'units'],
  order_lines: ['sku', 'name', 'option_values'],
  orders: ['number_prefix', 'status', 'kind', 'external_number', 'currency'],
  product_variants: ['sku', 'option_values', 'barcode', 'image_src', 'attributes'],
  products: [
    ...['handle', 'name', 'description', 'currency', 'status', 'vendor', 'type', 'tags'],
    ...['options', 'images', 'attributes'],
  ],
  stock_changes: ['reason'],
};
