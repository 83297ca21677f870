import type { Operation, Parameter } from './openapi-document';
import type { RandomValues } from './random-values';

/** A request as it is sent, apart from its token. */
export interface RandomRequest {
  method: string;
  /** Path and query. */
  address: string;
  headers: Record<string, string>;
  body?: string | Buffer<ArrayBuffer> | undefined;
}

const COLUMNS = [
  'Handle',
  'Title',
  'Variant SKU',
  'Variant Price',
  'Variant Inventory Qty',
  'Tags',
  'Status',
  'Image Src',
];
const CELLS = [
  'mug',
  'Mug',
  'MUG-1',
  '5.00',
  '3',
  '-3',
  '',
  '0.5',
  'active',
  'draft',
  'a, b',
  '"',
  "'0112",
  '1,5',
  'TRUE',
  'é',
  '\0',
];
const BOUNDARY = 'xYzZY';

/** Makes requests of one operation. A careful one fits the document; a careless one differs in a place or two. */
export class RandomRequests {
  constructor(private readonly values: RandomValues) {}

  make(operation: Operation, isCareful: boolean): RandomRequest {
    const { method } = operation;
    const address = this.path(operation, isCareful) + this.query(operation, isCareful);
    const headers = this.headers(operation, address, isCareful);
    const types = Object.keys(operation.bodies);
    if (types.length === 0 && (isCareful || method === 'GET' || this.values.chance(0.7)))
      return { method, address, headers };
    const type = types.length === 0 ? 'application/json' : this.values.pick(types);
    const body = this.body(operation, type, isCareful);
    return {
      method,
      address,
      headers: { ...headers, 'content-type': this.contentType(type, isCareful) },
      body,
    };
  }

  /** The request that the document shows, with ids that exist. */
  example({ method, path, bodies }: Operation): RandomRequest {
    const [type, { example }] = Object.entries(bodies)[0]!; // asked of operations with a body
    const body = typeof example === 'string' ? example : JSON.stringify(this.values.withIds(example));
    return { method, address: path, headers: { 'content-type': type }, body };
  }

  private path({ path, parameters }: Operation, isCareful: boolean): string {
    let filled = path;
    for (const { name } of parameters.filter((one) => one.in === 'path')) {
      const before = path.split(`/{${name}}`)[0]!.split('/').at(-1)!; // a split gives one at least
      const id = this.values.id(name === 'id' ? before : `${name.replace(/Id$/, '')}s`);
      const isWrong = !isCareful && this.values.chance(0.2);
      filled = filled.replace(`{${name}}`, isWrong ? this.wrongPart() : encodeURIComponent(id));
    }
    return filled;
  }

  private wrongPart(): string {
    if (this.values.chance(0.1)) return '%zz';
    return encodeURIComponent([...JSON.stringify(this.values.strange())].slice(0, 200).join(''));
  }

  private query({ parameters, path }: Operation, isCareful: boolean): string {
    const query = new URLSearchParams();
    for (const { name, schema, required } of parameters.filter((one) => one.in === 'query')) {
      if (!required && this.values.chance(0.65)) continue;
      const cursor = this.values.known(`cursor:${path}`);
      if (name === 'cursor' && isCareful) {
        if (cursor !== undefined) query.append(name, cursor);
        continue;
      }
      const value =
        !isCareful && this.values.chance(0.4) ? this.values.strange() : this.values.value(schema, name, path);
      query.append(name, textOf(value));
      if (!isCareful && this.values.chance(0.1)) query.append(name, textOf(value));
    }
    if (!isCareful && this.values.chance(0.05)) query.append('surprise', '1');
    return query.size === 0 ? '' : `?${query.toString()}`;
  }

  private headers(
    { parameters, path }: Operation,
    address: string,
    isCareful: boolean,
  ): Record<string, string> {
    const headers: Record<string, string> = {};
    const wants = ({ name }: Pick<Parameter, 'name'>) =>
      parameters.some((one) => one.name === name)
        ? this.values.chance(0.25)
        : !isCareful && this.values.chance(0.04);
    const resource = address
      .split(/[/?]/)
      .slice(0, path.includes('{id}') ? 5 : 4)
      .join('/');
    const tags = [
      this.values.known(`etag:${resource}`),
      this.values.known('etag'),
      '*',
      'W/"x"',
      '"x"',
      'x',
      '',
    ];
    for (const name of ['If-Match', 'If-None-Match'])
      if (wants({ name }))
        headers[name] = (this.values.chance(0.5) ? tags[0] : this.values.pick(tags)) ?? '*';
    if (wants({ name: 'Idempotency-Key' }))
      headers['Idempotency-Key'] = this.values.pick([
        'a',
        'b',
        'c',
        String(this.values.upTo(1e9)),
        ...(isCareful ? [] : ['', 'a b', 'x'.repeat(256), 'é']),
      ]);
    return headers;
  }

  private contentType(type: string, isCareful: boolean): string {
    if (!isCareful && this.values.chance(0.05))
      return this.values.pick(['text/plain', 'application/json; charset=latin1', 'x', 'text/csv']);
    return type === 'multipart/form-data' ? `${type}; boundary=${BOUNDARY}` : type;
  }

  private body({ bodies, path }: Operation, type: string, isCareful: boolean): string | Buffer<ArrayBuffer> {
    const { schema = {}, example } = bodies[type] ?? {};
    if (type === 'application/json') {
      const kind = path
        .split('/')
        .filter((part) => !part.startsWith('{'))
        .at(-1)!; // a path has parts
      const body =
        example !== undefined && this.values.chance(0.2)
          ? this.values.withIds(example)
          : this.values.value(schema, kind, kind);
      if (isCareful) return JSON.stringify(body);
      const spoilt = JSON.stringify(this.values.spoil(body));
      return this.values.chance(0.05) ? spoilt.slice(0, this.values.upTo(spoilt.length)) : spoilt;
    }
    if (type.startsWith('image/')) return 'GIF89a';
    const file = this.file(isCareful);
    if (type === 'text/csv') return file;
    const part = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\ncontent-type: text/csv\r\n\r\n`;
    const parts = !isCareful && this.values.chance(0.1) ? 2 : 1;
    const whole = Buffer.concat([
      ...Array.from({ length: parts }, () =>
        Buffer.concat([Buffer.from(part), Buffer.from(file), Buffer.from('\r\n')]),
      ),
      Buffer.from(`--${BOUNDARY}--\r\n`),
    ]);
    return !isCareful && this.values.chance(0.1) ? whole.subarray(0, this.values.upTo(whole.length)) : whole;
  }

  /** A product file: one that the API has exported, or one of random cells. */
  private file(isCareful: boolean): string | Buffer<ArrayBuffer> {
    const exported = this.values.known('csv');
    if (exported !== undefined && this.values.chance(0.3))
      return isCareful ? exported : this.spoilt(exported);
    const columns = COLUMNS.filter((_, i) => i < 2 || this.values.chance(0.6));
    const row = (i: number) =>
      columns.map((column) => {
        if (column === 'Handle') return `mug-${i}`;
        if (column === 'Variant SKU') return this.values.known('sku') ?? `MUG-${i}`;
        if (column === 'Variant Price') return '5.00';
        if (column === 'Variant Inventory Qty') return String(this.values.upTo(20));
        return column === 'Status' ? 'active' : `Mug ${this.values.upTo(9)}`;
      });
    const rows = Array.from({ length: this.values.upTo(6) }, (_, i) => row(i));
    if (isCareful) return [columns, ...rows].map((cells) => cells.map(quoted).join(',')).join('\n');
    for (const cells of rows) cells[this.values.upTo(cells.length)] = this.values.pick(CELLS);
    return this.spoilt(
      [columns, ...rows].map((cells) => cells.join(this.values.pick([',', ',', ';']))).join('\n'),
    );
  }

  private spoilt(text: string): Buffer<ArrayBuffer> {
    const bytes = Buffer.from(text);
    for (let times = this.values.upTo(3); times > 0 && bytes.length > 0; times--)
      bytes[this.values.upTo(bytes.length - 1)] = this.values.upTo(255);
    return bytes;
  }
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
