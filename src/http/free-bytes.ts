import { MessageChannel } from 'node:worker_threads';

/** A smaller buffer is cheaper to collect than to free. */
const LARGE_BYTES = 16_384;

const closed = new MessageChannel().port1;
closed.close();

/**
 * Frees the memory of a buffer that has been used; it is empty afterwards. V8 collects unused buffers only when there are 64 MiB of
 * them or more, and the allocator keeps what it once had. What is transferred belongs to the message, which a closed port drops.
 */
export function freeBytes({ buffer, length }: Buffer): void {
  if (length < LARGE_BYTES || length !== buffer.byteLength) return; // the rest of the memory may be in use
  closed.postMessage(null, [buffer as ArrayBuffer]);
}
