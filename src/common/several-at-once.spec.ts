import { setTimeout as sleep } from 'node:timers/promises';
import { severalAtOnce } from './several-at-once';

describe('severalAtOnce', () => {
  it('does the work for each item, as many at once as it may', async () => {
    const done: number[] = [];
    let [now, most] = [0, 0];
    await severalAtOnce([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++now);
      await sleep(1);
      now--;
      done.push(item);
    });
    expect([new Set(done), done.length, most]).toEqual([new Set([1, 2, 3, 4, 5]), 5, 2]);
  });

  it('begins nothing after an error, and throws it when the others have ended', async () => {
    const [begun, ended]: number[][] = [[], []];
    const failure = new Error('broken');
    const work = async (item: number) => {
      begun!.push(item);
      if (item === 1) throw failure;
      await sleep(5);
      ended!.push(item);
    };
    await expect(severalAtOnce([1, 2, 3, 4], 2, work)).rejects.toBe(failure);
    expect([begun, ended]).toEqual([[1, 2], [2]]);
  });

  it('does nothing without items', async () => {
    const work = jest.fn<Promise<void>, [number]>();
    await severalAtOnce([], 3, work);
    expect(work).not.toHaveBeenCalled();
  });
});
