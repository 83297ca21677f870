/**
 * Products with their variants, in one statement: two would be two round trips, and would see two moments.
 * Columns are named one by one: a rollout adds some while this runs.
 */
const PRODUCTS = `
  SELECT p.id, p.handle, p.name, p.description, p.currency, p.status, p.vendor, p.type, p.tags, p.options, p.images,
    p.created_at AS "createdAt", p.updated_at AS "updatedAt",
    (SELECT coalesce(json_agg(v), '[]')
     FROM (SELECT v.id, v.sku, v.option_values AS "optionValues", v.price_minor AS "priceMinor",
             v.compare_at_minor AS "compareAtMinor", v.cost_minor AS "costMinor", v.stock, v.barcode, v.grams,
             v.requires_shipping AS "requiresShipping", v.taxable, v.image_src AS "imageSrc"
           FROM product_variants v WHERE v.product_id = p.id ORDER BY v.position, v.id) v) AS variants
  FROM products p`;

const OLDER = 'WHERE p.id < $1';

const NEWEST = 'ORDER BY p.id DESC LIMIT $2';

/** The one whose id is $1. */
export const PRODUCT_BY_ID = `${PRODUCTS} WHERE p.id = $1`;

/** The newest before $1, at most $2. */
export const PRODUCT_LIST = `${PRODUCTS} ${OLDER} ${NEWEST}`;

/** The oldest after $1, at most $2. */
export const PRODUCTS_AFTER = `${PRODUCTS} WHERE p.id > $1 ORDER BY p.id LIMIT $2`;

/** As in the index of products, which serves these very words. What is left, letters and digits, needs no quotes. */
const wordsOf = (text: string) => `regexp_replace(lower(${text}), '[^[:alnum:]]+', ' ', 'g')`;

const IS_NAMED_SO = `${wordsOf('p.name')}::tsvector
  @@ (replace(nullif(btrim(${wordsOf('$3')}), ''), ' ', ':* & ') || ':*')::tsquery`;

/**
 * Those of them that have each word of $3 as the beginning of a word of their name, or $3 as that of a SKU; each looks for
 * a page of its own, since an OR over two tables can use no index. Names that many products have fill a page from the
 * newest; only if they do not, the index is asked, which has no order. OFFSET 0 keeps PostgreSQL from reading all
 * products in order instead: it takes the beginning of a word for more frequent than it is.
 */
export const PRODUCT_SEARCH = `
  WITH recent AS (
    SELECT p.id FROM (SELECT p.id, p.name FROM products p WHERE p.id < $1 ORDER BY p.id DESC LIMIT 300) p
    WHERE ${IS_NAMED_SO} ${NEWEST})
  ${PRODUCTS} ${OLDER}
  AND p.id IN (
    SELECT id FROM recent
    UNION
    (SELECT p.id FROM (SELECT p.id FROM products p WHERE ${IS_NAMED_SO} AND p.id < $1 OFFSET 0) p
     WHERE (SELECT count(*) FROM recent) < $2 ${NEWEST})
    UNION
    (SELECT DISTINCT v.product_id FROM product_variants v
     WHERE lower(v.sku) COLLATE "C" >= lower($3) AND lower(v.sku) COLLATE "C" < lower($3) || chr(1114111)
       AND v.product_id < $1
     ORDER BY v.product_id DESC LIMIT $2))
  ${NEWEST}`;
