const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Days in which every schedule that has an interval shows its longest: leap days come every eight years at worst. */
const DAYS = 3000;

/** Times of a schedule, UTC. */
interface Cron {
  minutes: number[];
  hours: number[];
  dates: Set<number>;
  months: Set<number>;
  weekdays: Set<number>;
}

/**
 * Longest time between two ticks of a cron expression: five fields of numbers, ranges and `*`, as the job library reads them.
 * @returns milliseconds; null for text that is no such expression, or never comes true
 */
export function longestInterval(text: string): number | null {
  const cron = parse(text);
  if (cron === null) return null;
  const times = cron.hours.flatMap((hour) => cron.minutes.map((minute) => (hour * 60 + minute) * MINUTE_MS));
  const [first, last] = [times[0]!, times.at(-1)!]; // each field has a value
  let longest = Math.max(0, ...times.slice(1).map((time, i) => time - times[i]!));
  let before: number | undefined;
  for (let day = 0; day < DAYS * DAY_MS; day += DAY_MS) {
    if (!isOn(cron, new Date(day))) continue;
    if (before !== undefined) longest = Math.max(longest, day + first - before);
    before = day + last;
  }
  return before === undefined ? null : longest;
}

/** With both a date and a weekday given, either is enough, as in every cron. */
function isOn({ dates, months, weekdays }: Cron, day: Date): boolean {
  if (!months.has(day.getUTCMonth() + 1)) return false;
  const [isDate, isWeekday] = [dates.has(day.getUTCDate()), weekdays.has(day.getUTCDay())];
  return dates.size < 31 && weekdays.size < 7 ? isDate || isWeekday : isDate && isWeekday;
}

function parse(text: string): Cron | null {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return null;
  const limits = [
    [0, 59],
    [0, 23],
    [1, 31],
    [1, 12],
    [0, 7],
  ] as const;
  const found = limits.map(([least, most], i) => valuesOf(fields[i]!, least, most)); // five of both
  if (!found.every((values) => values !== null)) return null;
  const [minutes, hours, dates, months, weekdays] = found as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  return {
    minutes,
    hours,
    dates: new Set(dates),
    months: new Set(months),
    weekdays: new Set(weekdays.map((day) => day % 7)),
  };
}

function valuesOf(field: string, least: number, most: number): number[] | null {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const [, from, to = from, every] = /^(?:(\d{1,2})(?:-(\d{1,2}))?|\*(?:\/(\d{1,2}))?)$/.exec(part) ?? [];
    const isAll = part.startsWith('*');
    const [begin, end, step] = isAll ? [least, most, Number(every ?? 1)] : [Number(from), Number(to), 1];
    const isBackwards = !isAll && part.includes('-') && end <= begin;
    if (!(begin >= least && end <= most && step >= 1) || isBackwards) return null;
    for (let value = begin; value <= end; value += step) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}
