import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './api';
import { problemIn } from './problem';

const PATIENCE_MS = 20_000;

/** Asks again and again until the answer will do. Fails with the last one when that takes much too long. */
export async function until<T>(ask: () => Promise<T>, willDo: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (willDo(answer)) return answer;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(answer)}`);
    await sleep(50);
  }
}

/** Asks again until the answer is refused. @returns how it was, and how many milliseconds that took */
export async function untilRefused(
  ask: () => Promise<Answer>,
  limitMs = 10_000,
): Promise<{ problem: string; ms: number }> {
  const start = performance.now();
  for (;;) {
    const answer = await ask();
    const ms = performance.now() - start;
    if (answer.status >= 400) return { problem: problemIn(answer), ms };
    if (ms > limitMs) return { problem: `still ${answer.status}`, ms };
    await sleep(100);
  }
}
