/** Kinds of images, by the end of their names. SVG is none: it may hold scripts. */
export const IMAGE_TYPES = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
} as const;
export type ImageType = keyof typeof IMAGE_TYPES;

/** First bytes that tell the kind. */
export const HEAD_BYTES = 64;

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);

/** Kind of an image by its first bytes, whatever its sender calls it; null for anything else. */
export function imageTypeOf(head: Buffer): ImageType | null {
  const text = (from: number, to: number) => head.toString('latin1', from, to);
  if (head.subarray(0, PNG.length).equals(PNG)) return 'png';
  if (head.subarray(0, JPEG.length).equals(JPEG)) return 'jpg';
  if (['GIF87a', 'GIF89a'].includes(text(0, 6))) return 'gif';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp';
  if (text(4, 8) === 'ftyp' && /^(?:.{4})*?avi[fs]/s.test(text(8, HEAD_BYTES))) return 'avif'; // one of its brands
  return null;
}
