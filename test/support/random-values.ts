import { PLACEHOLDER_ID } from '../../src/common/ids';
import type { Schema } from './openapi-document';
import { resolve } from './schema-check';

/** Values that few fields take, or that have broken programs. */
const STRANGE = [
  ...[null, true, false, 0, -1, 1, 1.5, 1e20, -1e308, 2 ** 53, 2 ** 31, '', ' ', '0', '-1', '1e3', 'null'],
  ...[[], {}, [[]], [null], [{}], { a: null }, ['x', 'x'], 'a\0b', '\ud800', '\u202e', 'x'.repeat(300)],
  ...['🛒'.repeat(256), "'; DROP TABLE products; --", '%', '_', '\\', '../..', '<script>', '=1+1', '\r\n'],
  ...['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'NaN', '٣', 'İ', 'ß'],
  ...['2026-02-30', '9999999999999999999999', 'e\u0301', '1,5', '\ufeff', '\u00a0', 'constructor'],
];
const WORDS = [
  'mug',
  'Café',
  'Tee',
  'blue',
  '50 g',
  'Łopata',
  "O'Hara",
  'a,b',
  '"x"',
  '茶',
  '🛒',
  '10%',
  'a_b',
];
const KEPT = 30;

/** Draws values from schemas, ids and texts of earlier answers among them. */
export class RandomValues {
  /** Texts of earlier answers: by the name of their field, ids by their kind, such as `ids:products`. */
  private readonly seen = new Map<string, string[]>();

  constructor(
    readonly random: () => number,
    private readonly schemas: Record<string, Schema>,
  ) {}

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  upTo(max: number): number {
    return Math.floor(this.random() * (max + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.upTo(list.length - 1)]!; // no list is empty
  }

  strange(): unknown {
    return structuredClone(this.pick(STRANGE));
  }

  /** Keeps the texts of an answer. @param kind plural name of what the value is, for its id */
  remember(value: unknown, kind: string): void {
    if (Array.isArray(value)) for (const item of value.slice(-KEPT)) this.remember(item, kind);
    else if (typeof value === 'object' && value !== null)
      for (const [name, field] of Object.entries(value)) {
        if (typeof field !== 'string') this.remember(field, kindOf(name, kind));
        else if (name === 'id') this.keep(`ids:${kind}`, field);
        else if (name.endsWith('Id')) this.keep(`ids:${name.slice(0, -2)}s`, field);
        else this.keep(name, field);
      }
  }

  keep(name: string, text: string): void {
    const texts = this.seen.get(name) ?? [];
    if (!texts.includes(text)) texts.push(text);
    this.seen.set(name, texts.slice(-KEPT));
  }

  known(name: string): string | undefined {
    const texts = this.seen.get(name);
    return texts === undefined ? undefined : this.pick(texts);
  }

  /** An id of this kind, if there is one: mostly a known one. */
  id(kind: string): string {
    const others = [...this.seen.keys()].filter((name) => name.startsWith('ids:'));
    const own = this.known(`ids:${kind}`);
    if (own !== undefined && this.chance(0.9)) return own;
    if (others.length > 0 && this.chance(0.5)) return this.known(this.pick(others))!; // each has one at least
    const hex = (length: number) => Array.from({ length }, () => this.upTo(15).toString(16)).join('');
    return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
  }

  /** A value that fits the schema, as far as the schema tells. @param kind plural name of what has the field */
  value(reference: Schema, name: string, kind: string): unknown {
    const schema = resolve(reference, this.schemas);
    if (reference.nullable === true && this.chance(0.15)) return null;
    if (schema.example !== undefined && this.chance(0.4)) return this.withIds(schema.example, name);
    if (schema.enum !== undefined) return this.pick(schema.enum);
    if (schema.properties !== undefined) return this.object(schema, kind);
    if (schema.additionalProperties !== undefined) return this.map(schema.additionalProperties, name);
    if (schema.type === 'array') return this.list(schema, name);
    if (schema.type === 'boolean') return this.chance(0.5);
    if (schema.type === 'string') return this.text(schema, name, kind);
    return this.whole(schema);
  }

  /** Copies an example; each placeholder becomes a known id of its kind. */
  withIds(example: unknown, name = ''): unknown {
    if (example === PLACEHOLDER_ID) return this.known(`ids:${name.replace(/Id$/, '')}s`) ?? example;
    if (Array.isArray(example)) return example.map((item) => this.withIds(item, name));
    if (typeof example !== 'object' || example === null) return example;
    return Object.fromEntries(Object.entries(example).map(([key, field]) => [key, this.withIds(field, key)]));
  }

  /** Changes one place of a body to something that is probably wrong. */
  spoil(body: unknown): unknown {
    if (typeof body !== 'object' || body === null || this.chance(0.15)) return this.strange();
    const keys = Object.keys(body);
    if (keys.length === 0 || this.chance(0.15))
      return { ...body, [this.pick(['surprise', '__proto', 'id'])]: this.strange() };
    const key = this.pick(keys);
    const copy = (Array.isArray(body) ? [...body] : { ...body }) as Record<string, unknown>;
    if (this.chance(0.2)) delete copy[key];
    else copy[key] = this.spoil(copy[key]);
    return copy;
  }

  private object({ properties = {}, required = [], oneOf, anyOf }: Schema, kind: string): object {
    const alternatives = (oneOf ?? anyOf)?.map((one) => one.required ?? []) ?? [[]];
    const needed = [...required, ...this.pick(alternatives)];
    const excluded = oneOf === undefined ? [] : alternatives.flat().filter((name) => !needed.includes(name));
    const share = this.random() * 0.7;
    const names = Object.keys(properties).filter(
      (name) => needed.includes(name) || (!excluded.includes(name) && this.chance(share)),
    );
    return Object.fromEntries(
      names.map((name) => [name, this.value(properties[name]!, name, kindOf(name, kind))]),
    ); // a key
  }

  private map(values: Schema, name: string): object {
    const pairs = Array.from({ length: this.upTo(2) }, () => [
      this.pick(['Size', 'Colour', 'Größe']),
      this.value(values, name, name),
    ]);
    return Object.fromEntries(pairs);
  }

  private list({ items = {}, minItems = 0, maxItems = 3, uniqueItems }: Schema, name: string): unknown[] {
    const length = Math.max(minItems, this.upTo(Math.min(maxItems, 3)));
    const list = Array.from({ length }, () => this.value(items, name, name));
    return uniqueItems === true ? [...new Set(list)] : list;
  }

  private text(
    { format, minLength = 0, maxLength = 40, pattern }: Schema,
    name: string,
    kind: string,
  ): string {
    if (format === 'uuid') return this.id(name === 'id' ? kind : `${name.replace(/Id$/, '')}s`);
    const known = this.known(name);
    if (known !== undefined && this.chance(0.4)) return known;
    if (format === 'email') return `${this.upTo(1e9).toString(36)}@example.com`;
    if (format === 'uri' || format === 'uri-reference')
      return `https://images.example.com/${this.upTo(99)}.jpg`;
    if (format === 'date-time') return new Date(Date.UTC(2026, 0, 1) + this.upTo(1e10)).toISOString();
    const length = this.chance(0.05)
      ? Math.min(maxLength, 5000)
      : Math.max(minLength, this.upTo(Math.min(maxLength, 20)));
    let text = '';
    while (text.length < length) text += this.pick(WORDS) + this.pick([' ', '', '-']);
    const cut = [...text].slice(0, Math.max(length, minLength)).join('');
    return pattern === undefined || new RegExp(pattern).test(cut) ? cut : 'plain';
  }

  private whole({ minimum = -100, maximum = 100 }: Schema): number {
    if (this.chance(0.1)) return this.pick([minimum, maximum, Math.max(minimum, 0)]);
    const low = Math.max(minimum, this.chance(0.1) ? -20 : 0);
    return Math.min(maximum, low + this.upTo(this.chance(0.2) ? 5000 : 12));
  }
}

/** Plural name of what a field holds; the items of a page are what the route lists. */
function kindOf(name: string, kind: string): string {
  if (name === 'items' || name === 'id') return kind;
  return name.endsWith('s') ? name : `${name}s`;
}
