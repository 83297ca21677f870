import { constants } from 'node:os';

/** A program started by npm receives Ctrl-C twice: from the terminal and from npm. */
const DUPLICATE_MS = 1000;

/**
 * Calls `stop` on the first of the signals. A later signal, from an impatient user, ends the process at once with the exit
 * code of that signal.
 * @returns a function that removes the handlers
 */
export function onSignal(
  signals: readonly NodeJS.Signals[],
  stop: (signal: NodeJS.Signals) => void,
): () => void {
  let first: number | undefined;
  const handle = (signal: NodeJS.Signals) => {
    if (first === undefined) {
      first = Date.now();
      return stop(signal);
    }
    if (Date.now() - first > DUPLICATE_MS) process.exit(128 + constants.signals[signal]);
  };
  for (const signal of signals) process.on(signal, handle);
  return () => signals.forEach((signal) => process.off(signal, handle));
}
