import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './api';
import { problemIn } from './problem';

const PATIENCE_MS = 60_000;
const POLL_MS = 50;

/** Asks again and again until the answer will do. Fails with the last one when that takes much too long. */
export async function until<T>(ask: () => Promise<T>, willDo: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (willDo(answer)) return answer;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(answer)}`);
    await sleep(POLL_MS);
  }
}

/** Waits until a condition holds. */
export async function untilTrue(holds: () => boolean | Promise<boolean>): Promise<void> {
  await until(
    async () => holds(),
    (answer) => answer,
  );
}

/** Asks again until the answer is refused. @returns how it was, and after how many milliseconds the last was asked that was not */
export async function untilRefused(
  ask: () => Promise<Answer>,
  limitMs = 10_000,
): Promise<{ problem: string; ms: number }> {
  const start = performance.now();
  for (let ms = 0; ; await sleep(100)) {
    const asked = performance.now() - start;
    const answer = await ask();
    if (answer.status >= 400) return { problem: problemIn(answer), ms };
    ms = asked; // not when it was answered: a slow machine does not make a right last longer
    if (ms > limitMs) return { problem: `still ${answer.status}`, ms };
  }
}
