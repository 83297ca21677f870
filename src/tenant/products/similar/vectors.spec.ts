import { normalised, SIGNATURE_BITS, signatureOf, similarityOf } from './vectors';

const vector = (seed: number) =>
  normalised(Array.from({ length: 256 }, (_, i) => Math.sin((i + 1) * seed) * (i % 3 === 0 ? 1 : 0)));
const plus = (a: readonly number[], b: readonly number[], share: number) =>
  normalised(a.map((value, i) => value + share * b[i]!));
const distance = (a: string, b: string) => [...a].filter((bit, i) => bit !== b[i]).length;

describe('similarityOf', () => {
  it('is 1 for the same vector, and 0 for opposite ones and those of zeros', () => {
    const one = vector(1);
    expect(similarityOf(one, one)).toBeCloseTo(1, 2);
    expect(
      similarityOf(
        one,
        one.map((value) => -value),
      ),
    ).toBe(0);
    expect(similarityOf(new Array<number>(256).fill(0), one)).toBe(0);
  });
});

describe('signatureOf', () => {
  it('has the planes by which stored signatures were made', () => {
    expect(signatureOf([1]).slice(0, 32)).toBe('10111001100101100101100101000110');
  });

  it('differs in the share of bits that is the angle between the vectors', () => {
    const [one, other] = [vector(1), vector(2)];
    for (const share of [0.2, 0.5, 1, 2]) {
      const mixedIn = plus(one, other, share);
      const angle = Math.acos(similarityOf(one, mixedIn)) / Math.PI;
      const bits = distance(signatureOf(one), signatureOf(mixedIn)) / SIGNATURE_BITS;
      expect(Math.abs(bits - angle)).toBeLessThan(0.1);
    }
  });
});
