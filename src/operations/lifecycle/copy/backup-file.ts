import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { z } from 'zod';
import { defineError } from '../../../common/app-error';
import { isRefusedValue } from '../../../common/sqlstate';
import { TargetError } from '../../../files/targets.errors';
import { FORMAT, headerSchema, manifestSchema } from './backup-schema';
import {
  TableCounter,
  type TableData,
  type TableSum,
  type TenantData,
  type TenantHeader,
} from './tenant-data';
import { CopyDiffers, TablesDiffer } from './fill-tenant';

export const BackupInvalid = defineError('BACKUP_INVALID', 422, 'The file is not a whole backup of a shop.');

/** Level 3 of gzip takes a third of the time of the default and makes files a tenth larger (docs/backups.md). */
const GZIP = { level: 3, chunkSize: 65_536 };
/** Largest entry that is read: a block, or a single row that is larger. */
const MAX_ENTRY_BYTES = 256 * 1_048_576;
/** Largest header and manifest: as objects, they take several times that in memory. */
const MAX_JSON_BYTES = 64 * 1_048_576;

const README = `Backup of one shop, format ${FORMAT}.

header.json     the shop, its members, the migrations of its schema, the time of the data, tables and columns
tables/<table>/ the rows as PostgreSQL's COPY text, UTF-8, in parts
manifest.json   rows, bytes and SHA-256 of each table's parts together; a file without it is not whole

With PostgreSQL's own tools, in a schema with these tables (header.json names the columns, in this order):
  tar -xzf FILE && cat tables/products/*.copy | psql -c "COPY products (COLUMNS) FROM STDIN"
`;

/** End of a backup file: what it holds, for comparison. */
export interface BackupManifest {
  tables: Record<string, TableSum>;
  rows: number;
  bytes: number;
}

/**
 * Writes a tenant's data as one file: a gzipped tar with a header first and a manifest last. Memory holds one block.
 * @param program name and version of this program, for people
 * @param onBlock called with the bytes of each block, before compression
 */
export async function writeBackup(
  data: TenantData,
  sink: Writable,
  program: string,
  onBlock: (table: string, bytes: number) => void = () => undefined,
): Promise<BackupManifest> {
  const { pack: newPack } = await import('tar-stream');
  const pack = newPack();
  const mtime = new Date(data.header.snapshotAt);
  const add = (name: string, content: Buffer | string) =>
    new Promise<void>((resolve, reject) => {
      const settle = (error?: Error | null) => (error ? reject(error) : resolve());
      const entry = pack.entry({ name, mtime, mode: 0o600 }, content, settle);
      entry.on('error', () => undefined); // `settle` reports it; without a listener it would end the process
    });
  const write = async (): Promise<BackupManifest> => {
    await add('README.txt', README);
    await add('header.json', JSON.stringify({ format: FORMAT, program, ...data.header }, undefined, 1));
    const sums: [string, TableSum][] = [];
    for await (const { name, rows } of data.tables) {
      const counter = new TableCounter();
      let part = 0;
      for await (const block of counter.watch(rows)) {
        await add(`tables/${name}/${String(++part).padStart(8, '0')}.copy`, block);
        onBlock(name, block.length);
      }
      sums.push([name, counter.sum()]);
    }
    const total = (of: 'rows' | 'bytes') => sums.reduce((sum, [, table]) => sum + table[of], 0);
    const manifest = { tables: Object.fromEntries(sums), rows: total('rows'), bytes: total('bytes') };
    await add('manifest.json', JSON.stringify(manifest, undefined, 1));
    pack.finalize();
    return manifest;
  };
  const out = pipeline(pack as unknown as Readable, createGzip(GZIP), sink);
  try {
    const [manifest] = await Promise.all([write(), out]);
    return manifest;
  } catch (error) {
    pack.destroy();
    await out.catch(() => undefined); // the first error is the one to report
    throw error;
  }
}

/**
 * Reads a backup file as a tenant's data. `tables` throws BackupInvalid at its end unless the file is whole: store nothing
 * for good before it has ended.
 * @throws BackupInvalid, also when the tables that the work fills refuse the rows; a TargetError of the source as it is
 */
export async function readBackup<T>(source: Readable, work: (data: TenantData) => Promise<T>): Promise<T> {
  const { extract: newExtract } = await import('tar-stream');
  const extract = newExtract();
  let broken: unknown;
  const reading = pipeline(source, createGunzip(), extract as unknown as Writable).catch((error: unknown) => {
    broken = error;
    extract.destroy(error as Error);
  });
  try {
    const entries = new Entries(extract);
    return await readData(entries).then(work);
  } catch (error) {
    extract.destroy();
    source.destroy();
    await reading; // the rows may have ended with the error of the stream before it was caught here
    if (error instanceof TargetError) throw error; // it tells more: the key, the place
    const { message } = error as Error;
    if (error === broken) throw invalid(`it is damaged or cut off: ${message}`, error);
    const isRefused = error instanceof CopyDiffers || error instanceof TablesDiffer || isRefusedValue(error);
    throw isRefused ? invalid(message, error) : error;
  } finally {
    extract.destroy();
    source.destroy();
    await reading;
  }
}

async function readData(entries: Entries): Promise<TenantData> {
  const header = await readHeader(entries);
  return { header, tables: readTables(entries, header) };
}

type Entry = Extract extends AsyncIterable<infer E> ? E : never;

/** The entries of a tar, one at a time, with a look at the next. */
class Entries {
  private readonly iterator: AsyncIterator<Entry>;
  private held: Entry | undefined;

  constructor(extract: Extract) {
    this.iterator = extract[Symbol.asyncIterator]();
  }

  /** Name of the next entry; undefined at the end. */
  async next(): Promise<string | undefined> {
    if (this.held === undefined) {
      const { value, done } = await this.iterator.next();
      if (done !== true) this.held = value as Entry;
    }
    return this.held?.header.name;
  }

  /** Content of the entry that `next` has named. */
  async read(maxBytes = MAX_ENTRY_BYTES): Promise<Buffer> {
    const entry = this.held!; // named by `next`
    this.held = undefined;
    if ((entry.header.size ?? 0) > maxBytes) throw invalid(`${entry.header.name} is too large`);
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
}

async function readHeader(entries: Entries): Promise<TenantHeader> {
  if ((await entries.next()) === 'README.txt') await entries.read();
  if ((await entries.next()) !== 'header.json') throw invalid('it does not begin with a header');
  const {
    format: _format,
    program: _program,
    ...header
  } = parse(headerSchema, await entries.read(MAX_JSON_BYTES), 'header.json');
  return header;
}

async function* readTables(entries: Entries, header: TenantHeader): AsyncGenerator<TableData> {
  const sums: Record<string, TableSum> = {};
  for (const table of header.tables) {
    const counter = new TableCounter();
    yield { ...table, rows: counter.watch(readRows(entries, table.name)) };
    sums[table.name] = counter.sum();
  }
  if ((await entries.next()) !== 'manifest.json') throw invalid('it has no manifest: it was cut off');
  const manifest = parse(manifestSchema, await entries.read(MAX_JSON_BYTES), 'manifest.json');
  for (const { name } of header.tables) assertSame(name, sums[name]!, manifest.tables[name]); // set above
  if ((await entries.next()) !== undefined) throw invalid('it goes on after its manifest');
}

function assertSame(table: string, read: TableSum, said: TableSum | undefined): void {
  if (said?.sha256 !== read.sha256) throw invalid(`the rows of ${table} were altered`);
  if (said.rows !== read.rows || said.bytes !== read.bytes)
    throw invalid(`${table} has ${read.rows} rows and ${read.bytes} bytes, not what the manifest says`);
}

async function* readRows(entries: Entries, table: string): AsyncGenerator<Buffer> {
  while ((await entries.next())?.startsWith(`tables/${table}/`) === true) yield await entries.read();
}

function parse<T>(schema: z.ZodType<T>, text: Buffer, file: string): T {
  try {
    return schema.parse(JSON.parse(text.toString('utf8')));
  } catch (error) {
    const at = error instanceof z.ZodError ? `, at ${error.issues[0]?.path.join('.') ?? ''}` : '';
    throw invalid(`${file} is not what this program writes${at}`, error);
  }
}

function invalid(detail: string, cause?: unknown): Error {
  return new BackupInvalid({
    detail: `The file is not a whole backup of a shop: ${detail.replace(/\.$/, '')}.`,
    cause,
  });
}
