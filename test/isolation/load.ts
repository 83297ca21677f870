import { randomFrom } from '../support/random';
import { Client, type Reply } from './client';
import { STEPS, type Step } from './load-steps';
import { foreignMarkers } from './markers';
import type { KitShop } from './shops';

export interface LoadOptions {
  url: string;
  shops: KitShop[];
  workers: number;
  seed: number;
  /** Number of requests; `isOver` may end the load earlier. */
  requests: number;
  isOver?: () => boolean;
  /** Answers that are correct for any request, such as those to a cut connection. */
  tolerated?: string[];
}

/** Result of a load. The three lists must be empty. */
export interface LoadReport {
  requests: number;
  seconds: number;
  /** Counts by status and code. */
  answers: Record<string, number>;
  /** Answers that carried another shop's marker. */
  foreign: string[];
  /** Lists that did not carry the shop's own rows. */
  empty: string[];
  /** Answers that are wrong for their request. */
  unexpected: string[];
}

/** Sends mixed requests of many shops at once and searches every answer for rows of another shop. */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const { shops, workers, requests, isOver = () => false } = options;
  const client = new Client(options.url);
  const random = randomFrom(options.seed);
  const report: LoadReport = { requests: 0, seconds: 0, answers: {}, foreign: [], empty: [], unexpected: [] };
  const began = performance.now();
  const work = async () => {
    while (report.requests < requests && !isOver()) {
      const planned = plan(shops, random);
      if (planned === null) continue;
      report.requests++;
      await perform(client, planned, random, report, options.tolerated ?? []);
    }
  };
  try {
    await Promise.all(Array.from({ length: workers }, work));
  } finally {
    client.close();
  }
  report.seconds = (performance.now() - began) / 1000;
  return report;
}

interface Planned {
  name: string;
  shop: KitShop;
  step: Step;
}

const TOTAL_WEIGHT = STEPS.reduce((sum, { weight }) => sum + weight, 0);

function plan(shops: readonly KitShop[], random: () => number): Planned | null {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const shop = pick(shops)!; // never empty
  const other = pick(shops.filter((one) => one !== shop)) ?? shop;
  let left = random() * TOTAL_WEIGHT;
  const kind = STEPS.find(({ weight }) => (left -= weight) < 0) ?? STEPS[0]!; // the list is not empty
  const step = kind.make(shop, other, pick);
  return step === null ? null : { name: kind.name, shop, step };
}

const MAX_ABORT_MS = 12;

async function perform(
  client: Client,
  { name, shop, step }: Planned,
  random: () => number,
  report: LoadReport,
  tolerated: readonly string[],
): Promise<void> {
  if (step.abort) {
    count(report, 'aborted');
    return client.abort(step.sent, random() * MAX_ABORT_MS, random() < 0.5);
  }
  const reply = await client.send(step.sent).catch((error: NodeJS.ErrnoException) => error);
  const answer = reply instanceof Error ? `no answer (${reply.code ?? reply.message})` : answerOf(reply);
  const describe = `${name}: ${step.sent.method} ${step.sent.path} → ${answer}`;
  count(report, answer);
  if (!step.right.includes(answer) && !tolerated.includes(answer)) report.unexpected.push(describe);
  if (reply instanceof Error) return;
  const foreign = foreignMarkers(reply.text, shop.marker);
  if (foreign.length > 0)
    report.foreign.push(`${describe} carries ${foreign.join(', ')}, not ${shop.marker}`);
  if (step.ownRows && reply.status < 300 && !reply.text.includes(shop.marker)) report.empty.push(describe);
  step.learn?.(reply);
}

/** `200`, or `409 HANDLE_TAKEN`. */
export function answerOf({ status, text }: Reply): string {
  const code = status < 400 ? undefined : /"code":"([A-Z_]+)"/.exec(text)?.[1];
  return code === undefined ? String(status) : `${status} ${code}`;
}

function count(report: LoadReport, answer: string): void {
  report.answers[answer] = (report.answers[answer] ?? 0) + 1;
}

/** Prints the result of a load. */
export function printLoad(title: string, { shops, seed }: LoadOptions, report: LoadReport): void {
  const answers = Object.entries(report.answers).sort(([, a], [, b]) => b - a);
  const lines = [
    `${title}: ${report.requests} requests of ${shops.length} shops in ${report.seconds.toFixed(1)} s (seed ${seed})`,
    ...answers.map(([answer, times]) => `  ${String(times).padStart(7)}  ${answer}`),
    `  ${String(report.foreign.length).padStart(7)}  answers with rows of another shop`,
    `  ${String(report.unexpected.length).padStart(7)}  unexpected answers`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Fails with the first entries of each list that is not empty. */
export function assertClean({ foreign, empty, unexpected }: LoadReport): void {
  const few = (list: string[]) => ({ count: list.length, first: list.slice(0, 5) });
  expect({ foreign: few(foreign), empty: few(empty), unexpected: few(unexpected) }).toEqual({
    foreign: few([]),
    empty: few([]),
    unexpected: few([]),
  });
}
