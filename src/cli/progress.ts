import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /**
   * @param note short text after the figures, for example the number of failures
   * @param total total, if it became known or has changed; 0 while it is unknown
   */
  update(done: number, note?: string, total?: number): void;
  /** Prints a message on a separate line. */
  say(text: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 2000;

/** Shows a bar on a terminal, elsewhere (a log, CI) a plain line every two seconds. Writes to standard error. */
export function startProgress(what: string, total = 0): Progress {
  return process.stderr.isTTY ? bar(what, total) : lines(what, total);
}

function bar(what: string, total: number): Progress {
  const rate = (done: number) => figure(done / secondsSince(started));
  const format = `${what} [{bar}] {percentage}% | {done}/{all} | {rate}/s | {eta_formatted} left {note}`;
  const started = Date.now();
  const single = new SingleBar({ format, hideCursor: true, stream: process.stderr }, Presets.legacy);
  const begin = (known: number) => single.start(known, 0, { note: '', rate: 0, done: 0, all: figure(known) });
  if (total > 0) begin(total);
  let isTextShown = false;
  return {
    update: (done, note = '', known = total) => {
      isTextShown = known === 0;
      if (isTextShown) {
        single.stop();
        process.stderr.write(`\r\u001b[K${textOf(what, done > 0 ? figure(done) : '', note)}`);
        return;
      }
      if (single.isActive) single.setTotal(known);
      else begin(known);
      single.update(done, { note, rate: rate(done), done: figure(done), all: figure(known) });
    },
    say: (text) => process.stderr.write(`\r\u001b[K${text}\n`),
    stop: () => {
      single.stop();
      if (isTextShown) process.stderr.write('\n');
      isTextShown = false; // it may be stopped again
    },
  };
}

function lines(what: string, firstTotal: number): Progress {
  const started = Date.now();
  let written = 0;
  let total = firstTotal;
  const write = (done: number, note: string) => {
    const rate = done / secondsSince(started);
    const left = done >= total ? '' : `, ${Math.ceil((total - done) / rate)} s left`;
    const speed = done === 0 ? '' : ` (${figure(rate)}/s${left})`;
    const count = total === 0 ? figure(done) : `${figure(done)}/${figure(total)}`;
    process.stderr.write(`${textOf(what, total + done === 0 ? '' : `${count}${speed}`, note)}\n`);
    written = Date.now();
  };
  return {
    update: (done, note = '', newTotal = total) => {
      total = newTotal;
      if ((total > 0 && done === total) || Date.now() - written >= LINE_EVERY_MS) write(done, note);
    },
    say: (text) => process.stderr.write(`${text}\n`),
    stop: () => undefined,
  };
}

const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Exact while it is short, then as `102.8M`: bytes of a large shop have nine digits, which change too fast to be read. */
const figure = (value: number) => (value < 10 ? String(Math.round(10 * value) / 10) : COMPACT.format(value));

const textOf = (...parts: string[]) => parts.filter((part) => part !== '').join(' ');

function secondsSince(started: number): number {
  return Math.max((Date.now() - started) / 1000, 0.001);
}
