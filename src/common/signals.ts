import { constants } from 'node:os';

/** Ctrl-C reaches a program twice when npm started it: from the terminal and handed on by npm. */
const SAME_WISH_MS = 1000;

/**
 * Calls `stop` at the first of the signals. Another one later, from somebody who has lost patience, ends the
 * process at once with the exit code of the signal.
 * @returns a function that takes the handlers off again
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
    if (Date.now() - first > SAME_WISH_MS) process.exit(128 + constants.signals[signal]);
  };
  for (const signal of signals) process.on(signal, handle);
  return () => signals.forEach((signal) => process.off(signal, handle));
}
