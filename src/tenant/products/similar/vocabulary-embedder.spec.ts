import { MAX_CHARACTERS, type ProductText } from './embedder';
import { similarityOf } from './vectors';
import { VOCABULARY_EMBEDDER } from './vocabulary-embedder';

const product = (fields: Partial<ProductText>): ProductText => ({
  ...{ name: '', vendor: '', type: '', tags: '', options: '' },
  ...fields,
});

async function similarity(a: Partial<ProductText>, b: Partial<ProductText>): Promise<number> {
  const [first, second] = await VOCABULARY_EMBEDDER.embed([product(a), product(b)]);
  return similarityOf(first!, second!); // one for each
}

describe('VOCABULARY_EMBEDDER', () => {
  it('makes the same vector of length 1 of the same words', async () => {
    const tee = product({ name: 'Linen tee', vendor: 'Loom', type: 'Shirts', tags: 'summer' });
    const [vector, again] = await VOCABULARY_EMBEDDER.embed([tee, { ...tee }]);
    expect(again).toEqual(vector);
    expect(Math.hypot(...vector!)).toBeCloseTo(1, 2);
  });

  it('keeps to the vectors of its model, which shops have stored', async () => {
    const [vector] = await VOCABULARY_EMBEDDER.embed([product({ name: 'Tee' })]);
    const [first, ...rest] = [...vector!.entries()].filter(([, value]) => value !== 0);
    expect([first, rest.length]).toEqual([[79, 0.2194], 2]);
  });

  it('ignores case, accents and the order of words', async () => {
    expect(await similarity({ name: 'Café Zürich' }, { name: 'ZURICH cafe' })).toBeCloseTo(1, 2);
  });

  it('is nearer for a form of the same word than for another word', async () => {
    const near = await similarity({ name: 'Linen shirt' }, { name: 'Linen shirts' });
    const far = await similarity({ name: 'Linen shirt' }, { name: 'Steel kettle' });
    expect(near).toBeGreaterThan(0.6);
    expect(far).toBeLessThan(0.3);
  });

  it.each([
    ['type', { type: 'Shirts' }],
    ['vendor', { vendor: 'Loom' }],
    ['tags', { tags: 'summer sale' }],
    ['options', { options: 'Size Small Large' }],
  ])('counts the same %s', async (_part, shared) => {
    const alone = await similarity({ name: 'Linen tee' }, { name: 'Wool scarf' });
    const with_ = await similarity({ name: 'Linen tee', ...shared }, { name: 'Wool scarf', ...shared });
    expect(with_).toBeGreaterThan(alone + 0.05);
  });

  it('reads words of every alphabet', async () => {
    expect(await similarity({ name: '亚麻衬衫' }, { name: '亚麻衬衫' })).toBeCloseTo(1, 2);
    expect(await similarity({ name: 'Льняная рубашка' }, { name: 'льняная РУБАШКА' })).toBeCloseTo(1, 2);
  });

  it.each([
    ['letters', 'words '],
    ['a character that stands for many', 'ﷺ '],
  ])('reads a part of a long text of %s', async (_what, text) => {
    const long = text.repeat(MAX_CHARACTERS);
    expect(await similarity({ tags: `${long}linen` }, { tags: long })).toBe(1);
    expect(await similarity({ tags: `linen ${long}` }, { tags: long })).toBeLessThan(1);
  });

  it('lets other work in while it makes many', async () => {
    let turns = 0;
    let isDone = false;
    const note = () => {
      turns++;
      if (!isDone) setImmediate(note);
    };
    setImmediate(note);
    await VOCABULARY_EMBEDDER.embed(Array.from({ length: 100 }, () => product({ name: 'Linen tee' })));
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('finds a product without words like none', async () => {
    expect(await similarity({ name: '🎉' }, { name: '🎉' })).toBe(0);
  });
});
