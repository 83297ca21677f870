import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** @param note short text behind the figures, such as failures so far */
  update(done: number, note?: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 2000;

/** A bar on a terminal; elsewhere (a log, CI) a plain line now and then. Written to standard error. */
export function startProgress(what: string, total: number): Progress {
  return process.stderr.isTTY ? bar(what, total) : lines(what, total);
}

function bar(what: string, total: number): Progress {
  const format = `${what} [{bar}] {percentage}% | {value}/{total} | {eta_formatted} left {note}`;
  const single = new SingleBar({ format, hideCursor: true, stream: process.stderr }, Presets.legacy);
  single.start(total, 0, { note: '' });
  return {
    update: (done, note = '') => single.update(done, { note }),
    stop: () => single.stop(),
  };
}

function lines(what: string, total: number): Progress {
  const started = Date.now();
  let written = 0;
  const write = (done: number, note: string) => {
    const rate = Math.round(done / Math.max((Date.now() - started) / 1000, 0.001));
    process.stderr.write(`${what} ${done}/${total} (${rate}/s) ${note}\n`);
    written = Date.now();
  };
  return {
    update: (done, note = '') => {
      if (done === total || Date.now() - written >= LINE_EVERY_MS) write(done, note);
    },
    stop: () => undefined,
  };
}
