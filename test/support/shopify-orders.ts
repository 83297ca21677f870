/**
 * Columns of Shopify's export of orders (Shopify Help Center, order CSV file), in the order in which exports in public repositories
 * have them.
 */
export const SHOPIFY_ORDER_COLUMNS = [
  ...[
    'Name',
    'Email',
    'Financial Status',
    'Paid at',
    'Fulfillment Status',
    'Fulfilled at',
    'Accepts Marketing',
  ],
  ...[
    'Currency',
    'Subtotal',
    'Shipping',
    'Taxes',
    'Total',
    'Discount Code',
    'Discount Amount',
    'Shipping Method',
  ],
  ...['Created at', 'Lineitem quantity', 'Lineitem name', 'Lineitem price', 'Lineitem compare at price'],
  ...['Lineitem sku', 'Lineitem requires shipping', 'Lineitem taxable', 'Lineitem fulfillment status'],
  ...[
    'Billing Name',
    'Billing Street',
    'Billing Address1',
    'Billing Address2',
    'Billing Company',
    'Billing City',
  ],
  ...[
    'Billing Zip',
    'Billing Province',
    'Billing Country',
    'Billing Phone',
    'Shipping Name',
    'Shipping Street',
  ],
  ...['Shipping Address1', 'Shipping Address2', 'Shipping Company', 'Shipping City', 'Shipping Zip'],
  ...['Shipping Province', 'Shipping Country', 'Shipping Phone', 'Notes', 'Note Attributes', 'Cancelled at'],
  ...['Payment Method', 'Payment Reference', 'Refunded Amount', 'Vendor', 'Outstanding Balance', 'Employee'],
  ...['Location', 'Device ID', 'Id', 'Tags', 'Risk Level', 'Source', 'Lineitem discount', 'Tax 1 Name'],
  ...['Tax 1 Value', 'Tax 2 Name', 'Tax 2 Value', 'Tax 3 Name', 'Tax 3 Value', 'Tax 4 Name', 'Tax 4 Value'],
  ...['Tax 5 Name', 'Tax 5 Value', 'Phone', 'Receipt Number', 'Duties', 'Billing Province Name'],
  ...[
    'Shipping Province Name',
    'Payment ID',
    'Payment Terms Name',
    'Next Payment Due At',
    'Payment References',
  ],
];

type Cells = Record<string, string>;

/** The first row of a paid and fulfilled order of two lamps at 10.00, with what Shopify writes in it. */
export function firstRow(cells: Cells = {}): Cells {
  return {
    ...{
      Name: '#1001',
      Email: 'grace@example.com',
      'Financial Status': 'paid',
      'Fulfillment Status': 'fulfilled',
    },
    ...{
      'Paid at': '2026-05-01 10:00:00 +0200',
      'Fulfilled at': '2026-05-02 09:00:00 +0200',
      Currency: 'EUR',
    },
    ...{ Subtotal: '20.00', Shipping: '4.90', Taxes: '3.98', Total: '24.90', 'Discount Amount': '0.00' },
    ...{
      'Accepts Marketing': 'no',
      'Created at': '2026-05-01 09:59:00 +0200',
      'Shipping Method': 'Standard',
    },
    ...{ 'Billing Name': 'Grace Hopper', 'Billing Zip': "'75008", 'Billing Country': 'FR' },
    ...{ 'Refunded Amount': '0.00', 'Outstanding Balance': '0.00', 'Payment Method': 'Shopify Payments' },
    ...{ Id: '7410991464714', 'Risk Level': 'Low', Source: 'web' },
    ...lineCells(),
    ...cells,
  };
}

/** A further row: Shopify repeats number, address and time, and leaves the rest of the order out. */
export function furtherRow(cells: Cells = {}): Cells {
  const repeated = { Name: '#1001', Email: 'grace@example.com', 'Created at': '2026-05-01 09:59:00 +0200' };
  return { ...repeated, ...lineCells(), ...cells };
}

function lineCells(): Cells {
  return {
    ...{
      'Lineitem quantity': '2',
      'Lineitem name': 'Lamp - Red',
      'Lineitem price': '10.00',
      'Lineitem sku': 'LAMP',
    },
    ...{
      'Lineitem requires shipping': 'true',
      'Lineitem taxable': 'true',
      'Lineitem fulfillment status': 'fulfilled',
    },
    ...{ Vendor: 'Leaf', 'Lineitem discount': '0.00' },
  };
}

export function shopifyOrdersCsv(rows: readonly Cells[], columns = SHOPIFY_ORDER_COLUMNS): string {
  const quoted = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = rows.map((row) => columns.map((column) => quoted(row[column] ?? '')));
  return [columns, ...lines].map((cells) => `${cells.join(',')}\n`).join('');
}
