import type { EntityManager } from 'typeorm';
import { mapInSlices } from '../../../common/map-in-slices';
import { noteWritten } from '../../../tenancy/tenant-cache';
import { PRODUCT_COLUMNS } from '../product-list';
import type { ProductStatus } from '../product.entity';
import { ProductNotFound } from '../products.errors';
import type { ProductRow } from '../products.dto';
import { MAX_CHARACTERS, type ProductText } from './embedder';
import { VOCABULARY_EMBEDDER as EMBEDDER } from './vocabulary-embedder';
import { signatureOf, similarityOf } from './vectors';

/** Products whose vectors are compared exactly; the most similar ones are among those with the nearest signatures. */
const CANDIDATES = 200;

type TextRow = ProductText & { id: string; status: ProductStatus; madeFrom: string };

/** Vector of a product as it is now. */
export interface MadeVector extends Pick<TextRow, 'id' | 'status' | 'madeFrom'> {
  vector: number[];
}

/** Id of a product, and how similar it is. */
export interface Ranked {
  id: string;
  similarity: number;
}

/** A product and how similar it is. */
export interface Similar {
  product: ProductRow;
  similarity: number;
}

export interface SimilarTo {
  id: string;
  limit: number;
  status: ProductStatus | undefined;
}

/** Cut in the database: options can have half a megabyte. The time as text, because a Date has no microseconds. */
const TEXT = `SELECT p.id, p.name, p.vendor, p.type, left(array_to_string(p.tags, ' '), ${MAX_CHARACTERS}) AS tags,
    left(coalesce((SELECT string_agg(o #>> '{}', ' ') FROM jsonb_path_query(p.options, '$[*].*[*]') o), ''),
      ${MAX_CHARACTERS}) AS options,
    p.status, p.updated_at::text AS "madeFrom"`;

const TEXT_BY_ID = `${TEXT} FROM products p WHERE p.id = $1`;

/** Products without a vector of now. Theirs are made in the program, which knows the words. */
const OUTDATED = `${TEXT} FROM products p LEFT JOIN product_embeddings e ON e.product_id = p.id
  WHERE e.model IS DISTINCT FROM $1 OR e.made_from <> p.updated_at LIMIT $2`;

/** The nearest $3 to signature $2. */
const nearest = (ofStatus: string) => `
  SELECT n.id, e.vector::text AS vector
  FROM (SELECT e.product_id AS id FROM product_embeddings e ${ofStatus}
        WHERE e.model = $1 AND e.product_id <> $4
        ORDER BY bit_count(e.signature # $2::bit(256)), e.product_id LIMIT $3) n
    JOIN product_embeddings e ON e.product_id = n.id`;
const NEAREST = nearest('');
const NEAREST_OF_STATUS = nearest('JOIN products p ON p.id = e.product_id AND p.status = $5');

const PRODUCTS_BY_IDS = `${PRODUCT_COLUMNS} FROM products p WHERE p.id = ANY($1)`;

/** A product that a writer has locked is left out: it is about to change. */
const STORE = `
  INSERT INTO product_embeddings (product_id, model, made_from, signature, vector)
  SELECT p.id, $1, m.made_from, m.signature::bit(256), m.vector::real[]
  FROM (SELECT id FROM products WHERE id = ANY($2) FOR KEY SHARE SKIP LOCKED) p
    JOIN unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[]) AS m (id, made_from, signature, vector) USING (id)
  ORDER BY p.id
  ON CONFLICT (product_id) DO UPDATE SET model = excluded.model, made_from = excluded.made_from,
    signature = excluded.signature, vector = excluded.vector
  RETURNING product_id`;

/** Makes the vectors of products that have none of now, at most `limit`. */
export async function makeOutdated(manager: EntityManager, limit: number): Promise<MadeVector[]> {
  return vectorsOf(await manager.query<TextRow[]>(OUTDATED, [EMBEDDER.model, limit]));
}

/** @returns how many were stored; others were locked or removed */
export async function storeVectors(manager: EntityManager, made: readonly MadeVector[]): Promise<number> {
  if (made.length === 0) return 0;
  noteWritten(manager, 'products'); // a ranking may lack what has a vector only now
  const stored = await manager.query<object[]>(STORE, [
    EMBEDDER.model,
    made.map(({ id }) => id),
    made.map(({ madeFrom }) => madeFrom),
    await mapInSlices(made, ({ vector }) => signatureOf(vector)),
    made.map(({ vector }) => `{${vector.join(',')}}`),
  ]);
  return stored.length;
}

/**
 * Ranks the products that are most similar to one, the most similar first.
 * @param made vectors to use in place of the stored ones
 * @throws ProductNotFound
 */
export async function rankSimilar(
  manager: EntityManager,
  made: readonly MadeVector[],
  { id, limit, status }: SimilarTo,
): Promise<Ranked[]> {
  const [like] = await vectorsOf(await manager.query<TextRow[]>(TEXT_BY_ID, [id]));
  if (like === undefined) throw new ProductNotFound();
  const vectors = new Map(await nearestTo(manager, like, status));
  for (const one of made) {
    vectors.delete(one.id);
    if (one.id !== id && (status ?? one.status) === one.status) vectors.set(one.id, one.vector);
  }
  return [...vectors]
    .map(([other, vector]) => ({ id: other, similarity: similarityOf(like.vector, vector) }))
    .toSorted((a, b) => b.similarity - a.similarity || (a.id < b.id ? 1 : -1))
    .slice(0, limit);
}

/** Reads ranked products as they are now: a ranking may be older, and lack what was removed since. @throws ProductNotFound */
export async function readRanked(
  manager: EntityManager,
  ranking: readonly Ranked[],
  { id, status }: SimilarTo,
): Promise<Similar[]> {
  const rows = await manager.query<ProductRow[]>(PRODUCTS_BY_IDS, [[id, ...ranking.map((one) => one.id)]]);
  const products = new Map(rows.map((product) => [product.id, product]));
  if (!products.has(id)) throw new ProductNotFound();
  return ranking.flatMap((one) => {
    const product = products.get(one.id);
    if (product === undefined || (status ?? product.status) !== product.status) return [];
    return { product, similarity: one.similarity };
  });
}

async function nearestTo(
  manager: EntityManager,
  { id, vector }: MadeVector,
  status: ProductStatus | undefined,
): Promise<[id: string, vector: number[]][]> {
  const parameters = [EMBEDDER.model, signatureOf(vector), CANDIDATES, id];
  const rows = await (status === undefined
    ? manager.query<{ id: string; vector: string }[]>(NEAREST, parameters)
    : manager.query<{ id: string; vector: string }[]>(NEAREST_OF_STATUS, [...parameters, status]));
  return rows.map((row) => [row.id, JSON.parse(`[${row.vector.slice(1, -1)}]`) as number[]]);
}

async function vectorsOf(rows: readonly TextRow[]): Promise<MadeVector[]> {
  const vectors = await EMBEDDER.embed(rows);
  return rows.map(({ id, status, madeFrom }, i) => ({ id, status, madeFrom, vector: vectors[i]! })); // one for each
}
