import { mapInSlices } from './map-in-slices';

describe('mapInSlices', () => {
  it('keeps the order, and lets other work in after every ten items', async () => {
    const items = Array.from({ length: 35 }, (_, i) => i);
    const [turns, seen]: [number[], number[]] = [[], []];
    const note = () => {
      turns.push(seen.length);
      if (seen.length < items.length) setImmediate(note);
    };
    setImmediate(note);
    const doubled = await mapInSlices(items, (item) => {
      seen.push(item);
      return item * 2;
    });
    expect(doubled).toEqual(items.map((item) => item * 2));
    expect(turns).toEqual(expect.arrayContaining([10, 20, 30]));
  });

  it('gives the error of an item', async () => {
    const fails = mapInSlices([1], () => {
      throw new Error('no');
    });
    await expect(fails).rejects.toThrow('no');
  });
});
