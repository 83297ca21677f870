import { HeldMemory } from './held-memory';

describe('HeldMemory', () => {
  let ended: string[];
  let memory: HeldMemory;
  const hold = (name: string, bytes: number, owner?: string) =>
    memory.hold(bytes, () => ended.push(name), owner);

  beforeEach(() => {
    ended = [];
    memory = new HeldMemory(10);
  });

  it('lets the oldest of one owner give way', () => {
    hold('first', 4);
    hold('second', 4);
    hold('third', 4);
    expect(ended).toEqual(['first']);
  });

  it('lets one that does not fit by itself give way alone, new or grown', () => {
    hold('small', 4, 'a');
    hold('huge', 11, 'b');
    const growing = hold('growing', 1, 'a');
    growing.set(11);
    growing.set(3);
    growing.release();
    expect(ended).toEqual(['huge', 'growing']);
    hold('more', 6, 'b');
    expect(ended).toHaveLength(2);
  });

  it('lets whoever holds most give way, and nobody who holds less', () => {
    hold('small', 3, 'small');
    for (let i = 0; i < 4; i++) hold(`large ${i}`, 3, 'large');
    expect(ended).toEqual(['large 0', 'large 1']);
    hold('grown', 4, 'small');
    expect(ended).toEqual(['large 0', 'large 1', 'small']);
  });

  it('counts what was released no more', () => {
    hold('a', 6, 'a').release();
    const b = hold('b', 6, 'b');
    b.release();
    b.release();
    hold('c', 10, 'c');
    expect(ended).toEqual([]);
  });
});
