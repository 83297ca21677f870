import { createWriteStream, existsSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { print } from '../lib/command';

const NAME = 'online-retail/online_retail_2009_2010.csv.gz';
const LINES = 525_461;
const LINES_AN_ORDER = 18;
const PRODUCTS = 4480;
const CUSTOMERS = 4383;

/** The real file; if it is missing, a generated one of the same shape in `folder`. */
export async function historyFile(folder: string): Promise<string> {
  const real = path.resolve(process.env['REAL_DATA'] ?? '../shared/data', NAME);
  if (existsSync(real)) return real;
  print(`no ${NAME} in REAL_DATA: using ${LINES} made-up lines of the same shape`);
  const file = path.join(folder, 'made-up.csv');
  await pipeline(Readable.from(madeUpLines()), createWriteStream(file));
  return file;
}

function* madeUpLines(): Generator<string> {
  yield 'Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n';
  for (let i = 0; i < LINES; i++) {
    const order = Math.floor(i / LINES_AN_ORDER);
    const product = (i * 7919) % PRODUCTS; // a prime makes neighbours differ
    const isReturn = order % 6 === 0;
    const customer = order % 5 === 0 ? '' : 12_000 + (order % CUSTOMERS);
    const time = new Date(Date.UTC(2009, 11, 1) + order * 1_000_000)
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ');
    yield (
      `${isReturn ? 'C' : ''}${489_434 + order},${10_000 + product},THING NUMBER ${product} IN A BOX,` +
      `${isReturn ? '-' : ''}${1 + (i % 24)},${time},${(product % 900) / 100},${customer},United Kingdom\n`
    );
  }
}
