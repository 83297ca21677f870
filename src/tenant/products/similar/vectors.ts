export const SIGNATURE_BITS = 256;

/** Scales a vector to length 1; one of zeros stays. Four decimals are enough, and short as text. */
export function normalised(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? [...vector] : vector.map((value) => Math.round((value / length) * 10_000) / 10_000);
}

/** Similarity of two vectors of length 1, from 0 to 1. */
export function similarityOf(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (const [i, value] of a.entries()) if (value !== 0) sum += value * (b[i] ?? 0);
  return Math.round(Math.min(1, Math.max(0, sum)) * 10_000) / 10_000;
}

/**
 * Bits of a vector, each the side of a plane that it is on: the share of bits in which two vectors differ is the angle between
 * them. PostgreSQL counts bits a hundred times as fast as it multiplies the elements of arrays.
 */
export function signatureOf(vector: readonly number[]): string {
  const sums = new Float64Array(SIGNATURE_BITS);
  for (const [i, value] of vector.entries()) {
    if (value === 0) continue;
    const sides = sidesOf(i);
    for (let bit = 0; bit < SIGNATURE_BITS; bit++) sums[bit]! += value * sides[bit]!; // both have as many
  }
  return Array.from(sums, (sum) => (sum > 0 ? '1' : '0')).join('');
}

const SIDES: Int8Array[] = [];

/** For each plane 1 or -1, chosen at random once and for all: stored signatures depend on it. */
function sidesOf(dimension: number): Int8Array {
  return (SIDES[dimension] ??= Int8Array.from({ length: SIGNATURE_BITS }, (_, bit) =>
    mixed(dimension * SIGNATURE_BITS + bit + 1) & 1 ? 1 : -1,
  ));
}

/** Mixes the bits of a 32-bit integer (the finaliser of MurmurHash 3). */
export function mixed(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
