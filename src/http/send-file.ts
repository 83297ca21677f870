import { StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Readable } from 'node:stream';
import { isNoneMatch } from './entity-tag';

interface SentFile {
  name: string;
  /** Media type, known from the content: the client must not guess another. */
  type: string;
  length: number;
  open: () => Promise<Readable>;
}

/**
 * Answers with a file that never changes under its name, which is its ETag, or with 304 to a client that has it. A browser keeps it for
 * itself alone, and asks each time whether it may still show it.
 * @param known If-None-Match of the request
 */
export async function sendFile(
  { name, type, length, open }: SentFile,
  known: string | undefined,
  reply: FastifyReply,
): Promise<StreamableFile | undefined> {
  const tag = `"${name}"`;
  void reply.header('etag', tag).header('cache-control', 'private, no-cache');
  if (known !== undefined && !isNoneMatch(known, tag)) {
    void reply.status(304);
    return undefined;
  }
  return new StreamableFile(await open(), { type, disposition: `inline; filename="${name}"`, length });
}
