import { createHash } from 'node:crypto';
import type { MemberRole, ShopStatus } from '../../../tenancy/tenant';

/** A table of a tenant and the columns that are copied: all but generated ones. */
export interface TableShape {
  name: string;
  columns: string[];
  /** Tables that its foreign keys refer to. */
  refersTo: string[];
}

/** Facts about a tenant's data that whoever reads them must know first. */
export interface TenantHeader {
  /** Rows of `public` that belong to the shop. Neither passwords nor tokens. */
  shop: {
    id: string;
    slug: string;
    name: string;
    currency: string;
    status: ShopStatus;
    createdAt: string;
    /** Its settings as they are stored; files of older programs have none. */
    settings?: Record<string, unknown> | undefined;
    /** Its plan, and its own limits and features; files of older programs have none. */
    plan?: string | undefined;
    limits?: Record<string, unknown> | undefined;
    features?: Record<string, boolean> | undefined;
  };
  members: { id: string; email: string; name: string; role: MemberRole }[];
  /** Migrations that the schema has, oldest first. */
  history: { version: number; name: string; checksum: string }[];
  /** The data are those that were committed at this time. */
  snapshotAt: string;
  /** Size of the tables on disk: about that of the rows, for progress. */
  estimatedBytes: number;
  /** In the order of foreign keys: a table comes after those that it refers to. */
  tables: TableShape[];
}

/** One table's rows. */
export interface TableData extends TableShape {
  /** PostgreSQL's COPY text in UTF-8; each block consists of whole rows. To be read once. */
  rows: AsyncIterable<Buffer>;
}

/**
 * The data of one tenant as of one moment, whatever they are read from: a live schema, a file, another source that was
 * changed on the way. Everything that copies a tenant reads and writes this.
 */
export interface TenantData {
  header: TenantHeader;
  /** Tables in the order of the header. To be read once, each table to its end before the next. */
  tables: AsyncIterable<TableData>;
}

/** Counts and checksum of the rows of one table. */
export interface TableSum {
  rows: number;
  bytes: number;
  /** SHA-256 of the COPY text. */
  sha256: string;
}

/** Computes a TableSum while the blocks pass. */
export class TableCounter {
  private readonly hash = createHash('sha256');
  private rows = 0;
  private bytes = 0;

  add(block: Buffer): void {
    this.hash.update(block);
    this.bytes += block.length;
    this.rows += countRows(block);
  }

  async *watch(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const block of blocks) {
      this.add(block);
      yield block;
    }
  }

  /** Ends the count. */
  sum(): TableSum {
    return { rows: this.rows, bytes: this.bytes, sha256: this.hash.digest('hex') };
  }
}

const NEWLINE = 0x0a;

/** COPY text escapes line breaks inside values, so each one ends a row (PostgreSQL manual, COPY, Text Format). */
function countRows(block: Buffer): number {
  let rows = 0;
  for (let at = block.indexOf(NEWLINE); at !== -1; at = block.indexOf(NEWLINE, at + 1)) rows++;
  return rows;
}

/** Regroups COPY text into blocks of whole rows, of about this size or one row. */
export async function* wholeRows(chunks: AsyncIterable<Buffer>, blockBytes: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    bytes += chunk.length;
    const end = bytes < blockBytes ? -1 : chunk.lastIndexOf(NEWLINE);
    if (end === -1) continue;
    held[held.length - 1] = chunk.subarray(0, end + 1);
    yield Buffer.concat(held);
    held = [chunk.subarray(end + 1)];
    bytes = held[0]!.length; // one, see above
  }
  if (bytes > 0) yield Buffer.concat(held);
}
