import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { CsvRecord } from '../../../common/csv-records';
import { NamelessFile } from '../../../http/nameless-file';

/** Where the rows of one product are: indexes into the arrays of `RowSpill`. */
interface Chain {
  titled: number;
  first: number;
  last: number;
}

const NONE = -1;

/** Rows put aside on disk until all rows of their product are there. Memory holds three numbers a row. */
export class RowSpill {
  private readonly chains = new Map<string, Chain>();
  private readonly offsets: number[] = [];
  private readonly lengths: number[] = [];
  private readonly nexts: number[] = [];
  private end = 0;

  private constructor(
    private readonly file: NamelessFile,
    private readonly writer = file.writer(),
  ) {}

  static async open(): Promise<RowSpill> {
    return new RowSpill(await NamelessFile.open());
  }

  async add(handle: string, record: CsvRecord, isTitled: boolean): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(record));
    const index = this.offsets.push(this.end) - 1;
    this.lengths.push(bytes.length);
    this.nexts.push(NONE);
    this.end += bytes.length;
    const chain = this.chains.get(handle);
    if (chain === undefined)
      this.chains.set(handle, { titled: isTitled ? index : NONE, first: index, last: index });
    else {
      this.nexts[chain.last] = index;
      chain.last = index;
      if (isTitled && chain.titled === NONE) chain.titled = index;
    }
    if (this.writer.errored) throw this.writer.errored;
    if (!this.writer.write(bytes)) await once(this.writer, 'drain');
  }

  /** All rows are there. */
  async finish(): Promise<void> {
    if (this.offsets.length === 0) return;
    this.writer.end();
    await finished(this.writer);
  }

  /** The rows of each product, in the order of the file but for the titled row, which comes first. After `finish`. */
  *products(): Generator<AsyncIterable<CsvRecord>> {
    for (const chain of this.chains.values()) yield this.rows(chain);
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private async *rows({ titled, first }: Chain): AsyncGenerator<CsvRecord> {
    if (titled !== NONE) yield await this.read(titled);
    for (let index = first; index !== NONE; index = this.nexts[index] ?? NONE)
      if (index !== titled) yield await this.read(index);
  }

  private async read(index: number): Promise<CsvRecord> {
    const bytes = await this.file.read(this.offsets[index] ?? 0, this.lengths[index] ?? 0); // the index is one of ours
    return JSON.parse(bytes.toString()) as CsvRecord;
  }
}
