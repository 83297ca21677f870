import { setTimeout as sleep } from 'node:timers/promises';

/** Requests of a shop whose answers are timed. */
export interface Steady {
  url: string;
  token: string;
  everyMs: number;
}

/**
 * Milliseconds of each request. They begin at a steady pace, however long the answers take.
 * @throws Error for an answer other than 200
 */
export async function steadyTimes(steady: Steady, seconds: number): Promise<number[]> {
  const asked: Promise<number>[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const one = timeOf(steady);
    one.catch(() => undefined); // awaited below
    asked.push(one);
    await sleep(steady.everyMs);
  }
  return Promise.all(asked);
}

async function timeOf({ url, token }: Steady): Promise<number> {
  const started = performance.now();
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`the quiet shop got ${body}`);
  return performance.now() - started;
}
