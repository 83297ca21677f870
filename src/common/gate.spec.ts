import { setImmediate as turn } from 'node:timers/promises';
import { Gate } from './gate';

/** Work that ends when told. */
function held() {
  let end!: () => void;
  const done = new Promise<void>((resolve) => (end = resolve));
  return { work: () => done, end };
}

describe('Gate', () => {
  it('never lets more through at once than it is wide', async () => {
    const gate = new Gate(3, 100);
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await turn();
      running--;
    };
    await Promise.all(Array.from({ length: 20 }, () => gate.run(work)));
    expect(most).toBe(3);
  });

  it('lets those who wait through in the order they came', async () => {
    const gate = new Gate(1, 100);
    const order: number[] = [];
    const note = (i: number) => () => Promise.resolve(void order.push(i));
    await Promise.all([0, 1, 2, 3].map((i) => gate.run(note(i))));
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('refuses with 503 OVERLOADED whoever finds the line full, and nobody afterwards', async () => {
    const gate = new Gate(2, 3);
    const inside = Array.from({ length: 5 }, held);
    const runs = inside.map(({ work }) => gate.run(work));
    const refused = await gate.run(() => Promise.resolve()).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: { code: 'OVERLOADED', status: 503 }, details: { retryAfter: 2 } });
    for (const { end } of inside) end();
    await Promise.all(runs);
    await expect(gate.run(() => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('gives the place of work that fails to the next', async () => {
    const gate = new Gate(1, 1);
    const failing = gate.run(() => Promise.reject(new Error('no')));
    const next = gate.run(() => Promise.resolve('in'));
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('in');
  });
});
