import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { print } from './command';
import type { Setup } from './machine';
import { median, type Round } from './rounds';

/** The limit that a figure must meet. */
export interface Bar {
  of: 'value' | 'ratio' | 'difference';
  least?: number;
  most?: number;
}

export interface Result extends Setup {
  name: string;
  what: string;
  unit: string;
  /** Median of the rounds. */
  value: number;
  floor: number | null;
  /** Median of the ratios of each round: a disturbance affects both sides of a round. */
  ratio: number | null;
  /** In words; null if there is none. */
  bar: string | null;
  pass: boolean | null;
  rounds: readonly Round[];
}

export function resultOf(
  setup: Setup,
  { name, what, unit, bar }: { name: string; what: string; unit: string; bar?: Bar },
  rounds: readonly Round[],
): Result {
  const value = median(rounds.map((round) => round.value));
  const floors = rounds.flatMap(({ floor }) => floor ?? []);
  const floor = floors.length === 0 ? null : median(floors);
  const ratio = floor === null ? null : median(rounds.map((round) => round.value / (round.floor ?? NaN)));
  return {
    name,
    what,
    unit,
    value,
    floor,
    ratio,
    bar: bar === undefined ? null : wordsOf(bar),
    pass: bar === undefined ? null : isReached(bar, { value, ratio, difference: value - (floor ?? 0) }),
    rounds,
    ...setup,
  };
}

function wordsOf({ of, least, most }: Bar): string {
  return least === undefined ? `${of} at most ${most}` : `${of} at least ${least}`;
}

function isReached({ of, least, most }: Bar, figures: Record<Bar['of'], number | null>): boolean {
  const figure = figures[of];
  return figure !== null && figure >= (least ?? -Infinity) && figure <= (most ?? Infinity);
}

/** Writes `bench/results/<name>.json` and prints the results as a table. */
export function report(name: string, results: readonly Result[]): void {
  const [setup] = results;
  if (setup !== undefined) printSetup(setup);
  print('| what | value | floor | ratio | bar | reached |');
  print('|---|---:|---:|---:|---|---|');
  for (const { what, unit, value, floor, ratio, bar, pass } of results) {
    const figures = [`${short(value)} ${unit}`, short(floor), short(ratio), bar ?? '', yesNo(pass)];
    print(`| ${[what, ...figures].join(' | ')} |`);
  }
  print('\nMedians of the rounds; the ratio is the median of the ratios of each round.');
  save(name, results);
}

/** Writes `bench/results/<name>.json`. */
export function save(name: string, results: unknown): void {
  const file = path.resolve('bench', 'results', `${name}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  print(`\nwritten to ${path.relative('.', file)}`);
}

export function printSetup({ machine, versions, settings }: Setup): void {
  const { cpu, cores, memoryGiB, system, load } = machine;
  print(`\n${cores} cores of ${cpu}, ${memoryGiB} GiB, ${system}, load at the start ${load}`);
  print(`PostgreSQL ${versions.postgresql}, Node ${versions.node}, pg ${versions.pg}`);
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  print(`settings of the server: ${pairs.join(' ')}\n`);
}

function short(figure: number | null): string {
  if (figure === null) return '';
  return Math.abs(figure) >= 100 ? figure.toFixed(0) : figure.toFixed(2);
}

function yesNo(pass: boolean | null): string {
  if (pass === null) return '';
  return pass ? 'yes' : 'NO';
}
