import { setImmediate as turn } from 'node:timers/promises';
import { Overloaded } from './common.errors';
import { Semaphore, Semaphores } from './semaphore';

/** Work that ends when `end` is called. */
function held() {
  let end!: () => void;
  const done = new Promise<void>((resolve) => (end = resolve));
  return { work: () => done, end };
}

describe('Semaphore', () => {
  it('never runs more at the same time than its width', async () => {
    const semaphore = new Semaphore(3, 100);
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await turn();
      running--;
    };
    await Promise.all(Array.from({ length: 20 }, () => semaphore.run(work)));
    expect(most).toBe(3);
  });

  it('runs waiting work in the order of its arrival', async () => {
    const semaphore = new Semaphore(1, 100);
    const order: number[] = [];
    const note = (i: number) => () => Promise.resolve(void order.push(i));
    await Promise.all([0, 1, 2, 3].map((i) => semaphore.run(note(i))));
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('refuses with 503 OVERLOADED while the queue is full, and accepts work again afterwards', async () => {
    const semaphore = new Semaphore(2, 3);
    const inside = Array.from({ length: 5 }, held);
    const runs = inside.map(({ work }) => semaphore.run(work));
    const refused = await semaphore.run(() => Promise.resolve()).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: { code: 'OVERLOADED', status: 503 }, details: { retryAfter: 2 } });
    for (const { end } of inside) end();
    await Promise.all(runs);
    await expect(semaphore.run(() => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('gives the place of failed work to the next', async () => {
    const semaphore = new Semaphore(1, 1);
    const failing = semaphore.run(() => Promise.reject(new Error('no')));
    const next = semaphore.run(() => Promise.resolve('in'));
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('in');
  });
});

describe('Semaphores', () => {
  it('let work of one key wait for each other, and not for that of another', async () => {
    const semaphores = new Semaphores(1, 1);
    const [first, second, other] = [held(), held(), held()];
    const begun: string[] = [];
    const run = (key: string, name: string, { work }: { work: () => Promise<void> }) =>
      semaphores.run(key, () => {
        begun.push(name);
        return work();
      });
    const all = [run('a', 'first', first), run('a', 'second', second), run('b', 'other', other)];
    await turn();
    expect(begun).toEqual(['first', 'other']);
    await expect(run('a', 'third', held())).rejects.toMatchObject({ kind: { code: 'OVERLOADED' } });
    expect(() => semaphores.requireRoom('a')).toThrow(Overloaded);
    for (const key of ['b', 'unknown']) expect(() => semaphores.requireRoom(key)).not.toThrow();
    for (const one of [first, second, other]) one.end();
    await Promise.all(all);
    expect(begun).toEqual(['first', 'other', 'second']);
  });
});
