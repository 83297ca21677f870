import { emitKeypressEvents } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { type CommandContext, print } from '../../cli/command-context';
import { parseCount } from '../../cli/migrate-options';
import { tableLines } from '../../cli/table';
import {
  ACTIVITY_SECONDS,
  type ActivitySort,
  type BusyShop,
  ShopActivityService,
  SORT_NAMES,
} from './shop-activity.service';

const REFRESH_MS = 2000;
/** Moves the cursor to the top and erases the screen. */
const CLEAR = '\u001b[H\u001b[J';
/** Keys that choose the order. Requests and rows have the same first letter. */
const SORT_OF_KEY = new Map<string, ActivitySort>(
  SORT_NAMES.map((sort) => [sort === 'rows' ? 'o' : sort.slice(0, 1), sort]),
);

interface TopFlags {
  sort: ActivitySort;
  limit: number;
  once?: boolean;
  json?: boolean;
}

type Read = (sort: ActivitySort) => Promise<BusyShop[]>;

/** Adds `shops:top`, which changes nothing. */
export function addShopActivity(program: Command, context: CommandContext): void {
  program
    .command('shops:top')
    .description('show the busiest shops of the last minute, over all processes')
    .addOption(new Option('--sort <order>', 'the largest first').choices(SORT_NAMES).default('database'))
    .option('--limit <n>', 'at most this many', parseCount(1000), 20)
    .option('--once', 'print them once, and end')
    .option('--json', 'print them once, as one JSON object')
    .addHelpText('after', '\nExample: npm run cli -- shops:top --sort errors')
    .action(({ sort, limit, once, json }: TopFlags) =>
      context.withUntouchedApp(async (app) => {
        const read: Read = (order) => app.get(ShopActivityService).list(order, limit);
        if (json) print(JSON.stringify({ seconds: ACTIVITY_SECONDS, shops: await read(sort) }));
        else if (once || !process.stdin.isTTY || !process.stdout.isTTY) print(textOf(await read(sort), sort));
        else await show(read, sort, context.signal);
      }),
    );
}

/** Shows them until somebody presses q, and anew every two seconds and after each key. */
async function show(read: Read, first: ActivitySort, signal: AbortSignal): Promise<void> {
  const { stdin, stdout } = process;
  const ending = new AbortController();
  const end = AbortSignal.any([signal, ending.signal]);
  let sort = first;
  let woken = new AbortController();
  const onKey = (_character: string, { name = '', ctrl }: { name?: string; ctrl?: boolean }) => {
    if (name === 'q' || (ctrl && name === 'c')) ending.abort(); // Ctrl-C is a key like any other now
    sort = SORT_OF_KEY.get(name) ?? sort;
    woken.abort();
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode(true).on('keypress', onKey).resume();
  try {
    while (!end.aborted) {
      woken = new AbortController();
      const lines = textOf(await read(sort), sort).split('\n');
      const keys = [...SORT_OF_KEY].map(([key, name]) => `${key} ${name}`).join(', ');
      // Some terminals have no size: 0.
      const shown = [...lines, '', `Sort: ${keys}. End: q`].map((line) =>
        line.slice(0, stdout.columns || Infinity),
      );
      stdout.write(CLEAR + shown.slice(0, stdout.rows || Infinity).join('\r\n'));
      await sleep(REFRESH_MS, undefined, { signal: AbortSignal.any([end, woken.signal]) }).catch(
        () => undefined, // a key, or the end
      );
    }
  } finally {
    stdin.setRawMode(false).off('keypress', onKey).pause();
    stdout.write('\n');
  }
}

function textOf(shops: readonly BusyShop[], sort: ActivitySort): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(2);
  const rows = shops.map((shop) => [
    ...[shop.slug ?? shop.shopId, seconds(shop.databaseMs), seconds(shop.waitMs)],
    ...[shop.transactions, shop.rows, shop.requests, shop.errors, shop.jobs].map(String),
  ]);
  const heading = ['shop', 'database s', 'waits s', 'transactions', 'rows', 'requests', 'errors', 'jobs'];
  const summary = `${shops.length} shop(s), last ${ACTIVITY_SECONDS} s, by ${sort}`;
  return [...(rows.length === 0 ? [] : tableLines(heading, rows)), summary].join('\n');
}
