import { Transform } from 'node:stream';
import { BodyTooLarge } from './common.errors';

/** Hands on so many bytes, and fails with BODY_TOO_LARGE at the next one. @param onChunk is shown each chunk before that */
export function atMost(maxBytes: number, onChunk?: (chunk: Buffer) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onChunk?.(chunk);
      if (bytes > maxBytes) done(new BodyTooLarge({ detail: `The limit is ${maxBytes} bytes.` }));
      else done(null, chunk);
    },
  });
}
