import { FIRST_ID, LAST_ID } from '../../common/ids';
import type { Statement } from '../lists/conditions';
import { COUNT_LIMIT, type Listing } from '../lists/listing';
import { fromCursor, isCursorOf, toCursor } from '../lists/sorting';
import { productFilters } from './product-filters';
import { PRODUCT_COLUMNS } from './product-list';
import type { ListProductsQuery } from './list-products.dto';
import type { ProductRow } from './products.dto';

/** Lower case without accents, and the letters that are no accented ones: `Łódź Straße` is `lodz strasse`. */
const folded = (text: string) => `translate(replace(replace(replace(lower(
  normalize(regexp_replace(normalize(${text}, NFKD), '[\\u0300-\\u036f]', '', 'g'), NFKC)),
  'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđðħŧıþ', 'olddhtit')`;

/** Must equal the expression of `products_search_idx`. Only letters and digits are left, which need no quotes. */
const wordsOf = (text: string) => `left(regexp_replace(${folded(text)}, '[^[:alnum:]]+', ' ', 'g'), 500)`;

/** Each word of $1 begins a word. Null if $1 has no word. */
const matches = (words: string) =>
  `${words}::tsvector @@ (replace(nullif(btrim(${wordsOf('$1')}), ''), ' ', ':* & ') || ':*')::tsquery`;
const NAME_MATCHES = matches(wordsOf('p.name'));

/** The same without an index: most names are ASCII, which folds four times as fast. */
const SCANNED_NAME_MATCHES = matches(`CASE WHEN octet_length(p.name) = length(p.name)
  THEN left(regexp_replace(lower(p.name), '[^[:alnum:]]+', ' ', 'g'), 500) ELSE ${wordsOf('p.name')} END`);

const CODES = `lower(coalesce(v.sku, '') || E'\\n' || coalesce(v.barcode, ''))`;
const threes = (text: string) => `regexp_replace(${text}, '(...)', E'\\\\1\\n', 'g')`;
/** All runs of three characters of the codes. Must equal the expression of `product_variants_codes_idx`. */
const TRIGRAMS = `string_to_array(
  ${threes(CODES)} || E'\\n' || ${threes(`substr(${CODES}, 2)`)} || E'\\n' || ${threes(`substr(${CODES}, 3)`)}, E'\\n')`;
const CODE_CONTAINS = `${TRIGRAMS} @> ARRAY(SELECT substr(lower($1), i, 3) FROM generate_series(1, length($1) - 2) i)
  AND strpos(${CODES}, lower($1)) > 0`;
const SKU_BEGINS = `lower(v.sku) COLLATE "C" >= lower($1) AND lower(v.sku) COLLATE "C" < lower($1) || chr(1114111)`;

/** Fewer characters have no run of three. */
const codeMatches = (q: string) => ([...q].length < 3 ? SKU_BEGINS : CODE_CONTAINS);

const newest = (limit = '$2') => `ORDER BY p.id DESC LIMIT ${limit}`;
const newestOf = (limit = '$2') => `ORDER BY v.product_id DESC LIMIT ${limit}`;
const isMissing = (hits: string) => `(SELECT count(*) FROM ${hits}) < $2`;

type SearchQuery = ListProductsQuery & { q: string };

export function isSearch(query: ListProductsQuery): query is SearchQuery {
  return query.q !== undefined;
}

/**
 * Products where each word of `q` begins a word of the name, then those where `q` is part of a SKU or barcode; newest first
 * among each. @throws InvalidCursor
 */
export function searchOf(query: SearchQuery): Listing<ProductRow> {
  return {
    page: pageOf(query),
    count: countOf(query),
    cursorOf: (row) => toCursor((row as ProductRow & { rank: string }).rank, [row.id]),
  };
}

/**
 * A frequent word fills a page from the 300 newest products, a frequent part of codes from the 300 newest variants; only
 * otherwise are the indexes searched, which have no order. OFFSET 0 keeps PostgreSQL from reading all rows in order
 * instead: it overestimates how frequent a prefix is. The names of the page come before $3, the codes before $4.
 */
function pageOf({ q, limit, cursor, ...query }: SearchQuery): Statement {
  const parameters: unknown[] = [q, limit + 1, ...placesOf(cursor)];
  const { conditions: filters, indexed = 'true' } = productFilters(query, parameters);
  const code = codeMatches(q);
  const named = `${NAME_MATCHES} AND ${indexed} AND ${filters.toString()}`;
  const isOther = `${isMissing('names')} AND (${SCANNED_NAME_MATCHES}) IS NOT TRUE AND ${filters.toString()}`;
  const sql = `
  WITH recent_names AS (
    SELECT p.id FROM (SELECT p.* FROM products p WHERE p.id < $3 ${newest('300')}) p
    WHERE ${SCANNED_NAME_MATCHES} AND ${filters.toString()} ${newest()}),
  names AS (
    SELECT id FROM recent_names UNION
    (SELECT p.id FROM (SELECT p.id FROM products p WHERE ${named} AND p.id < $3 OFFSET 0) p
     WHERE ${isMissing('recent_names')} ${newest()})),
  recent_codes AS (
    SELECT DISTINCT v.product_id
    FROM (SELECT v.product_id, v.sku, v.barcode FROM product_variants v
          WHERE v.product_id < $4 ${newestOf('300')}) v
    JOIN products p ON p.id = v.product_id WHERE ${code} AND ${isOther} ${newestOf()}),
  codes AS (
    SELECT product_id FROM recent_codes UNION
    (SELECT DISTINCT v.product_id
     FROM (SELECT v.product_id FROM product_variants v WHERE ${code} AND v.product_id < $4 OFFSET 0) v
     JOIN products p ON p.id = v.product_id WHERE ${isMissing('recent_codes')} AND ${isOther} ${newestOf()}))
  ${PRODUCT_COLUMNS}, hits.rank
  FROM (SELECT id, 'name' AS rank, 1 AS place FROM names
        UNION ALL SELECT product_id, 'code', 2 FROM codes) hits JOIN products p ON p.id = hits.id
  ORDER BY hits.place, p.id DESC LIMIT $2`;
  return [sql, parameters];
}

function countOf({ q, ...query }: SearchQuery): Statement {
  const parameters: unknown[] = [q, COUNT_LIMIT];
  const { conditions: filters, indexed = 'true' } = productFilters(query, parameters);
  const sql = `
  SELECT count(*) FROM (
    (SELECT p.id FROM (SELECT p.id FROM products p WHERE ${NAME_MATCHES} AND ${indexed} AND ${filters.toString()} OFFSET 0) p LIMIT $2)
    UNION
    (SELECT DISTINCT p.id
     FROM (SELECT v.product_id FROM product_variants v WHERE ${codeMatches(q)} OFFSET 0) v
     JOIN products p ON p.id = v.product_id WHERE ${filters.toString()} LIMIT $2)) hits`;
  return [sql, parameters];
}

/** Ids before which the names and the codes of a page are. After a code there are no more names. @throws InvalidCursor */
function placesOf(cursor: string | undefined): [names: string, codes: string] {
  if (cursor === undefined) return [LAST_ID, LAST_ID];
  if (isCursorOf(cursor, 'code')) return [FIRST_ID, fromCursor(cursor, 'code', ['uuid'])[0]!]; // as many as types
  return [fromCursor(cursor, 'name', ['uuid'])[0]!, LAST_ID];
}
