import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ZipFile } from 'yazl';
import type { TableDescriptions } from '../../../tenancy/described.decorator';
import { type CopyValue, readRows } from '../copy/copy-rows';
import type { TableData, TenantData, TenantHeader } from '../copy/tenant-data';
import { STORED_ANSWERS } from '../copy/without';
import { columnOf, csvValue, exportName, jsonValue } from './export-values';

/** Tables that are no data of the shop: answers kept for repeated requests. */
const NOT_EXPORTED: readonly string[] = [STORED_ANSWERS];

/** Rows converted to text at a time; other work of the process is done in between. */
const SLICE = 500;

/** Text of some rows. */
type Format = (rows: readonly CopyValue[][]) => string;

export interface ExportSum {
  tables: number;
  rows: number;
}

/**
 * Writes everything of a shop as a zip: a README, the shop with its members, and each table as CSV and as lines of JSON.
 * The tables are read twice, once for each form, so that neither memory nor disk holds one.
 * @param data must give the same rows twice, as those of `withSnapshot` do
 * @param described descriptions of the tables; one of a newer version may have none
 * @param onRows called with the number of rows that were written
 */
export async function writeExport(
  data: TenantData,
  described: TableDescriptions,
  sink: Writable,
  onRows: (rows: number) => void,
): Promise<ExportSum> {
  const [{ ZipFile }, { stringify }] = await Promise.all([import('yazl'), import('csv-stringify/sync')]);
  const { header } = data;
  const zip = new ZipFile();
  const mtime = new Date(header.snapshotAt);
  const written = pipeline(zip.outputStream as Readable, sink);
  const add = (name: string, text: AsyncIterable<string>) => addEntry(zip, name, mtime, text);
  const write = async (): Promise<ExportSum> => {
    await add('README.txt', once(readmeOf(header, described)));
    await add(
      'shop.json',
      once(`${JSON.stringify({ ...header.shop, members: header.members }, undefined, 2)}\n`),
    );
    const sum = { tables: 0, rows: 0 };
    for await (const table of exportedOf(data)) {
      sum.tables++;
      const heading = stringify([table.columns.map(exportName)]);
      const count = (rows: number) => onRows((sum.rows += rows));
      await add(`${table.name}.csv`, texts(table, csvOf(table, described, stringify), heading, count));
    }
    for await (const table of exportedOf(data))
      await add(
        `${table.name}.ndjson`,
        texts(table, ndjsonOf(table, described), '', () => onRows(sum.rows)),
      );
    zip.end();
    return sum;
  };
  try {
    const [sum] = await Promise.all([write(), written]);
    return sum;
  } catch (error) {
    (zip.outputStream as Readable).destroy(error as Error);
    await written.catch(() => undefined); // the first error is the one to report
    throw error;
  }
}

/** Adds an entry and waits for its end: the rows of the next one come over the same connection. */
function addEntry(zip: ZipFile, name: string, mtime: Date, text: AsyncIterable<string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const content = Readable.from(text, { objectMode: false });
    content.once('end', resolve).once('error', reject);
    content.once('close', () => reject(new Error(`${name} was not written to its end`))); // no effect after the end
    zip.addReadStream(content, name, { mtime, mode: 0o100600 });
  });
}

async function* exportedOf({ tables }: TenantData): AsyncGenerator<TableData> {
  for await (const table of tables)
    if (!NOT_EXPORTED.includes(table.name)) yield table;
    else for await (const _ of table.rows); // read to its end: the next table comes after it
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

async function* texts(
  { rows }: TableData,
  format: Format,
  heading: string,
  onRows: (rows: number) => void,
): AsyncGenerator<string> {
  if (heading !== '') yield heading;
  for await (const block of readRows(rows)) {
    for (let at = 0; at < block.length; at += SLICE) yield format(block.slice(at, at + SLICE));
    onRows(block.length);
  }
}

function csvOf(
  { name, columns }: TableData,
  described: TableDescriptions,
  stringify: (records: string[][]) => string,
): Format {
  const types = columns.map((column) => columnOf(described.get(name), column).type);
  return (rows) => stringify(rows.map((row) => row.map((value, i) => csvValue(value, types[i]!)))); // one each
}

function ndjsonOf({ name, columns }: TableData, described: TableDescriptions): Format {
  const fields = columns.map((column) => ({
    key: JSON.stringify(exportName(column)),
    type: columnOf(described.get(name), column).type,
  }));
  const line = (row: CopyValue[]) =>
    fields.map(({ key, type }, i) => `${key}:${jsonValue(row[i]!, type)}`).join(','); // one each
  return (rows) => rows.map((row) => `{${line(row)}}\n`).join('');
}

function readmeOf({ shop, snapshotAt, tables }: TenantHeader, described: TableDescriptions): string {
  const parts = tables
    .filter(({ name }) => !NOT_EXPORTED.includes(name))
    .map(({ name, columns }) => {
      const width = Math.max(...columns.map((column) => exportName(column).length));
      const lines = columns.map((column) => {
        const { type, about } = columnOf(described.get(name), column);
        return `  ${exportName(column).padEnd(width)}  ${type.padEnd(6)}  ${about}`;
      });
      return `${name}: ${described.get(name)?.about ?? 'A table of a newer version'}\n\n${lines.join('\n')}\n`;
    });
  return `Everything of the shop ${shop.name} (${shop.slug}) at ${snapshotAt}

shop.json       the shop and its members
<table>.csv     the rows for a spreadsheet, UTF-8, comma; an apostrophe stands before a text that would be run as a formula
<table>.ndjson  the same rows for programs, unchanged: one JSON object a line

Columns whose names end in Minor are amounts in the smallest unit of the currency, such as cents. Times are in UTC.
Types: text; id (UUID); number; flag (true or false); time (ISO 8601); json; texts (a list: joined by commas in the CSV).
An empty cell, or null, means that there is no value.

${parts.join('\n')}`;
}
