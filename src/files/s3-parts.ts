const MIB = 1024 * 1024;

/** Parts of one object, a limit of S3. */
export const MOST_PARTS = 10_000;

/** Parts that are sent at once. Besides them one is collected and, for a moment, copied. */
export const S3_QUEUE = 2;

/** Size of a part for files up to 156 GiB. */
const PART_BYTES = 16 * MIB;

/** Size of each part of a file. It grows with the file that is expected, and leaves a tenth for a guess that was too low. */
export function partSizeFor(expectedBytes = 0): number {
  return Math.max(PART_BYTES, Math.ceil((expectedBytes * 1.1) / MOST_PARTS / MIB) * MIB);
}
