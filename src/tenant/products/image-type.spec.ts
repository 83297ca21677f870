import { imageTypeOf } from './image-type';

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  );
const SIZE = [0, 0, 0, 32];

describe('imageTypeOf', () => {
  it.each([
    ['png', bytes([0x89], 'PNG\r\n\x1a\n', SIZE)],
    ['jpg', bytes([0xff, 0xd8, 0xff, 0xe0], 'JFIF')],
    ['gif', bytes('GIF87a')],
    ['gif', bytes('GIF89a', SIZE)],
    ['webp', bytes('RIFF', SIZE, 'WEBPVP8 ')],
    ['avif', bytes(SIZE, 'ftypavif', [0, 0, 0, 0])],
    ['avif', bytes(SIZE, 'ftypmif1', [0, 0, 0, 0], 'miafavif')],
  ])('knows %s by its first bytes', (type, head) => {
    expect(imageTypeOf(head)).toBe(type);
  });

  it.each([
    ['nothing', bytes()],
    ['a part of the signature', bytes([0x89], 'PNG')],
    ['SVG', bytes('<svg xmlns="http://www.w3.org/2000/svg">')],
    ['HTML', bytes('<!doctype html>')],
    ['a signature behind other bytes', bytes(' GIF89a')],
    ['sound in the same container as WebP', bytes('RIFF', SIZE, 'WAVEfmt ')],
    ['a film', bytes(SIZE, 'ftypisom', [0, 0, 0, 0], 'iso2')],
    ['a brand across the border of two', bytes(SIZE, 'ftypmif1', [0, 0, 0, 0], 'xxavifxx')],
  ])('does not take %s for an image', (_name, head) => {
    expect(imageTypeOf(head)).toBeNull();
  });
});
