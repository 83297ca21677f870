import { styleText } from 'node:util';
import type { Command } from 'commander';
import { minorDigits } from '../common/money';
import { OperatorError } from '../common/report';
import { ApiClient } from './api-client';
import { readEnv } from '../config/env';
import { guestsLeft, type ServingProcess, withServingProcess } from '../database/server/serving-process';
import { print, sayDatabase } from './command-context';
import {
  type DemoShop,
  openShop,
  type Order,
  type Peek,
  peek,
  type Product,
  readCatalogue,
  type Sale,
  sell,
  stockOf,
} from './demo-story';
import { startServerProcess } from './server-process';

interface Options {
  url?: string;
  file: string[];
}

const EXAMPLES = ['examples/tea-house.csv', 'examples/hardware.csv'];
const SHOWN_PRODUCTS = 4;

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('register two shops over HTTP, import a catalogue into each, sell, and try to read across')
    .option(
      '--url <url>',
      'URL of a running server, for example http://127.0.0.1:3000; by default the one of this DATA_DIR, or one that the demo starts',
    )
    .option(
      '--file <csv>',
      'a Shopify product CSV; give the option twice',
      (file, files: string[]) => [...files, file],
      [],
    )
    .action(async ({ url, file }: Options) => {
      const files = file.length === 0 ? EXAMPLES : file;
      if (files.length !== 2)
        throw new OperatorError('Give --file twice, once for each shop, or not at all.');
      if (url !== undefined) return tell(new ApiClient(url.replace(/\/$/, '')), files);
      const env = readEnv();
      if (await withServingProcess(env, (serving) => tellBy(serving, 'runs already', files)))
        return undefined;
      const server = await startServerProcess();
      try {
        await tellBy(server, 'started for this demo', files);
        await guestsLeft(env, () =>
          process.stderr.write('Another demo uses this server; it stops after that.\n'),
        );
      } finally {
        await server.stop();
      }
      return undefined;
    });
}

/** Says which server and database the demo uses, then tells it. */
function tellBy({ url, database }: ServingProcess, how: string, files: string[]): Promise<void> {
  process.stderr.write(`server    ${url}, ${how}\n`);
  sayDatabase(database);
  return tell(new ApiClient(url), files);
}

async function tell(api: ApiClient, files: string[]): Promise<void> {
  const [one, two] = [files[0]!, files[1]!]; // two: checked
  const [csvOfOne, csvOfTwo] = [await readCatalogue(one), await readCatalogue(two)]; // both, before a shop is made
  const [first, second] = [await openShop(api, one, csvOfOne), await openShop(api, two, csvOfTwo)];
  for (const shop of [first, second]) {
    printShop(shop);
    printSale(await sell(shop), shop.products);
  }
  const peeks = [await peek(first, second), await peek(second, first)];
  printPeeks([first, second], peeks);
  if (peeks.some(({ asked, refused, shared }) => refused < asked || shared > 0))
    throw new OperatorError('A shop saw rows of the other. This must never happen.');
  print(`\n${bold('Go on')} as one of them: POST /api/v1/auth/login with`);
  for (const { email, password, name } of [first, second])
    print(`  ${JSON.stringify({ email, password })}   ${dim(name)}`);
}

function printShop({ name, slug, file, report, products }: DemoShop): void {
  print(`\n${bold(name)} ${dim(`(${slug}, from ${file})`)}`);
  print(
    `  loaded    ${report.rows} rows: ${report.products.created} products, ` +
      `${report.variants.created} variants, ${stockOf(products)} pieces in stock`,
  );
  for (const product of products.toReversed().slice(0, SHOWN_PRODUCTS)) print(`            ${line(product)}`);
  if (products.length > SHOWN_PRODUCTS)
    print(dim(`            … and ${products.length - SHOWN_PRODUCTS} more`));
}

function line({ name, variants, currency, status }: Product): string {
  const prices = variants.map(({ priceMinor }) => priceMinor);
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const price = low === high ? money(low, currency) : `${money(low, currency)} – ${money(high, currency)}`;
  const variety = variants.length === 1 ? '' : `, ${variants.length} variants`;
  return `${name.padEnd(34)} ${price}${variety}${status === 'active' ? '' : `, ${status}`}`;
}

function printSale(
  { fulfilled, cancelled, tooMany, stockBefore, stockAfter }: Sale,
  products: Product[],
): void {
  const total = ({ totalMinor, currency }: Order) => money(totalMinor, currency);
  print(`  sold      order ${fulfilled.number} for ${total(fulfilled)}: paid, ${fulfilled.status}`);
  print(
    `  returned  order ${cancelled.number} for ${total(cancelled)}: ${cancelled.status}, stock given back`,
  );
  if (tooMany !== null) print(`  refused   an order for more than there is: ${tooMany}`);
  print(`  stock     ${stockBefore} → ${stockAfter} pieces of ${products.length} products`);
}

function printPeeks(shops: DemoShop[], peeks: Peek[]): void {
  print(`\n${bold('Looking across')}`);
  for (const [i, { asked, refused, shared }] of peeks.entries())
    print(
      `  ${shops[i]!.name} asked for ${asked} rows of the other shop: ${refused} × 404, ` +
        `${asked - refused} seen; rows in both lists: ${shared}`,
    );
}

function money(minor: number, currency: string): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(
    minor / 10 ** minorDigits(currency),
  );
}

const bold = (text: string) => (process.stdout.isTTY ? styleText('bold', text) : text);
const dim = (text: string) => (process.stdout.isTTY ? styleText('dim', text) : text);
