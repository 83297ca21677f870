/** Form of a value in an export. */
export type ValueType = 'text' | 'id' | 'number' | 'flag' | 'time' | 'json' | 'texts';

export interface ExportedTable {
  about: string;
  /** Type and meaning of each column, in the order of the files. */
  columns: Record<string, readonly [ValueType, string]>;
}

const CREATED = ['time', 'Time at which the row was stored'] as const;
const UPDATED = ['time', 'Time of the last change'] as const;
const CURRENCY = ['text', 'ISO 4217 code of the currency of its amounts'] as const;
const ATTRIBUTES = ['json', 'Columns of an imported file that have no field of their own, by name'] as const;

/** Tables of an export. `*_minor` columns are amounts in the smallest unit of the currency, such as cents. */
export const EXPORTED: Record<string, ExportedTable> = {
  changes: {
    about: 'Changes of rows: who changed what, and when',
    columns: {
      id: ['id', 'Id of the change'],
      resource: ['text', 'Resource of the changed row, such as products'],
      row_id: ['id', 'Id of the changed row'],
      kind: ['text', 'created, changed, removed or erased'],
      fields: ['json', 'Old and new value of each changed field, by name'],
      import_id: ['id', 'Import that made the change'],
      request_id: ['text', 'Request that made the change; empty for a command'],
      created_by: ['id', 'Member who made the change'],
      created_at: CREATED,
    },
  },
  counters: {
    about: 'Last number that was given to a row, such as an order',
    columns: { name: ['text', 'What is counted'], value: ['number', 'Last number'] },
  },
  customers: {
    about: 'Buyers',
    columns: {
      id: ['id', 'Id of the customer'],
      external_number: ['text', 'Number in a former system'],
      name: ['text', 'Name'],
      email: ['text', 'E-mail address'],
      country: ['text', 'Country, as the former system wrote it'],
      created_at: CREATED,
      updated_at: UPDATED,
    },
  },
  import_changes: {
    about: 'Products and variants that an import changed, for its undoing',
    columns: {
      import_id: ['id', 'Import'],
      id: ['id', 'Product or variant'],
      product_id: ['id', 'Product; equals id for a product'],
      before: ['json', 'Old values by field; empty if the import created it'],
      after: ['json', 'New values by field'],
    },
  },
  imports: {
    about: 'Imports of products',
    columns: {
      id: ['id', 'Id of the import'],
      sha256: ['text', 'Hash of the imported file'],
      mode: ['text', 'Handling of bad rows: atomic or skip'],
      counts: ['json', 'Rows, products and variants that were read, created and changed'],
      created_by: ['id', 'Member who imported the file'],
      created_at: CREATED,
      undone_by: ['id', 'Member who undid the import'],
      undone_at: ['time', 'Time of the undoing'],
    },
  },
  members: {
    about: 'Members of now and of before, whom other rows refer to',
    columns: {
      user_id: ['id', 'Id of the user'],
      name: ['text', 'Name'],
      role: ['text', 'Last role: owner, admin, staff or read_only'],
      created_at: CREATED,
    },
  },
  order_events: {
    about: 'Payments, refunds, fulfilments and cancellations of orders',
    columns: {
      id: ['id', 'Id of the event'],
      order_id: ['id', 'Order'],
      kind: ['text', 'payment, refund, fulfilment or cancellation'],
      amount_minor: ['number', 'Amount of a payment or refund'],
      units: ['json', 'Position of a line and number of its units, for each line concerned'],
      restock: ['flag', 'True if the units went back into stock'],
      note: ['text', 'Words of a member'],
      created_by: ['id', 'Member who did it'],
      created_at: CREATED,
    },
  },
  order_lines: {
    about: 'Variants that were sold, with name and price at the time of sale',
    columns: {
      order_id: ['id', 'Order'],
      position: ['number', 'Place in the order, from 1'],
      variant_id: ['id', 'Variant; empty once it was removed'],
      product_id: ['id', 'Product, also after it was removed'],
      sku: ['text', 'SKU'],
      name: ['text', 'Name of the product'],
      option_values: ['json', 'Value of each option of the variant'],
      unit_price_minor: ['number', 'Price of one unit'],
      quantity: ['number', 'Units'],
      total_minor: ['number', 'Total of the line, less its discount'],
      discount_minor: ['number', 'Discount on the line'],
      fulfilled: ['number', 'Units that were handed over'],
      cancelled: ['number', 'Units that will not be handed over'],
      returned: ['number', 'Units that were handed over and came back'],
      took_stock: ['flag', 'False if the stock was not counted when it was sold'],
    },
  },
  orders: {
    about: 'Orders',
    columns: {
      id: ['id', 'Id of the order'],
      number: ['number', 'Number in the shop: 1, 2, 3 …'],
      number_prefix: ['text', 'Prefix of the number, for people; empty for an imported order'],
      external_number: ['text', 'Number in a former system; empty for orders taken here'],
      status: ['text', 'pending, paid, fulfilled or cancelled'],
      kind: ['text', 'sale, or return and adjustment of a former system'],
      currency: CURRENCY,
      total_minor: ['number', 'Total'],
      subtotal_minor: ['number', 'The lines less discounts; empty if that is the total'],
      discount_minor: ['number', 'Sum of all discounts'],
      shipping_minor: ['number', 'Shipping'],
      tax_minor: ['number', 'Taxes'],
      paid_minor: ['number', 'Sum of the payments'],
      refunded_minor: ['number', 'Sum of the refunds'],
      tags: ['texts', 'Tags'],
      note: ['text', 'Words of the buyer or the shop'],
      attributes: ATTRIBUTES,
      customer_id: ['id', 'Customer'],
      customer_name: ['text', 'Name of the customer at the time of the order'],
      customer_email: ['text', 'E-mail address at the time of the order'],
      customer_details: ['json', 'Addresses and telephone numbers of an imported file, by column'],
      created_by: ['id', 'Member who took the order'],
      placed_at: ['time', 'Time of an imported order; empty if it is createdAt'],
      created_at: CREATED,
      updated_at: UPDATED,
    },
  },
  product_variants: {
    about: 'Variants of products, which are what is sold',
    columns: {
      id: ['id', 'Id of the variant'],
      product_id: ['id', 'Product'],
      position: ['number', 'Place in the product, from 1'],
      sku: ['text', 'SKU'],
      option_values: ['json', 'Value of each option of the product'],
      price_minor: ['number', 'Price'],
      compare_at_minor: ['number', 'Price before a reduction'],
      cost_minor: ['number', 'Purchase price of the shop'],
      stock: ['number', 'Units in stock; below 0 if more was sold'],
      tracks_stock: ['flag', 'False if orders neither check nor change the stock'],
      sells_when_out: ['flag', 'True if orders may exceed the stock'],
      barcode: ['text', 'Barcode'],
      grams: ['number', 'Weight in grams'],
      requires_shipping: ['flag', 'True if it is shipped'],
      taxable: ['flag', 'True if it is taxed'],
      image_src: ['text', 'Address of its image'],
      attributes: ATTRIBUTES,
    },
  },
  products: {
    about: 'Products, as the shop shows them',
    columns: {
      id: ['id', 'Id of the product'],
      handle: ['text', 'Unique name in URLs and imports'],
      name: ['text', 'Name'],
      description: ['text', 'Description, which may hold HTML'],
      currency: CURRENCY,
      status: ['text', 'draft, active, unlisted or archived'],
      vendor: ['text', 'Vendor'],
      type: ['text', 'Type'],
      tags: ['texts', 'Tags'],
      options: ['json', 'Choices of a buyer, such as Size, each with its values'],
      images: ['json', 'Address, position and description of each image'],
      attributes: ATTRIBUTES,
      created_at: CREATED,
      updated_at: UPDATED,
    },
  },
  stock_changes: {
    about: 'Changes of the stock; those of a variant add up to its stock',
    columns: {
      id: ['id', 'Id of the change'],
      variant_id: ['id', 'Variant'],
      change: ['number', 'Units that came, or went if below 0'],
      reason: ['text', 'opening, sale, cancel, return, correction or import'],
      note: ['text', 'Words of the person who corrected the stock'],
      order_id: ['id', 'Order of a sale, cancellation or return'],
      import_id: ['id', 'Import that set the stock'],
      created_by: ['id', 'Member who changed it'],
      created_at: CREATED,
    },
  },
};

/** Tables that are no data of the shop: answers kept for repeated requests. */
export const NOT_EXPORTED: readonly string[] = ['idempotency_keys'];

/** Name of a column in an export: that of the API, such as `priceMinor`. */
export function exportName(column: string): string {
  return column.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Type and meaning of a column. One that this program does not know, of a newer version, is a text. */
export function columnOf(table: string, column: string): readonly [ValueType, string] {
  return EXPORTED[table]?.columns[column] ?? ['text', 'A column of a newer version'];
}
