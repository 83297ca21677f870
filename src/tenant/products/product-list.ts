/**
 * Products with their variants, in one statement: two would need two round trips and see two moments. Columns are
 * named one by one because a rollout adds columns while this program runs.
 */
const PRODUCTS = `
  SELECT p.id, p.handle, p.name, p.description, p.currency, p.status, p.vendor, p.type, p.tags, p.options, p.images,
    p.attributes, p.created_at AS "createdAt", p.updated_at AS "updatedAt",
    (SELECT coalesce(json_agg(v), '[]')
     FROM (SELECT v.id, v.sku, v.option_values AS "optionValues", v.price_minor AS "priceMinor",
             v.compare_at_minor AS "compareAtMinor", v.cost_minor AS "costMinor", v.stock, v.tracks_stock AS "tracksStock",
             v.sells_when_out AS "sellsWhenOut", v.barcode, v.grams,
             v.requires_shipping AS "requiresShipping", v.taxable, v.image_src AS "imageSrc", v.attributes
           FROM product_variants v WHERE v.product_id = p.id ORDER BY v.position, v.id) v) AS variants
  FROM products p`;

const OLDER = 'WHERE p.id < $1';

const NEWEST = 'ORDER BY p.id DESC LIMIT $2';

/** The product with id $1. */
export const PRODUCT_BY_ID = `${PRODUCTS} WHERE p.id = $1`;

/** The newest products older than $1, at most $2. */
export const PRODUCT_LIST = `${PRODUCTS} ${OLDER} ${NEWEST}`;

/** The oldest products newer than $1, at most $2. */
export const PRODUCTS_AFTER = `${PRODUCTS} WHERE p.id > $1 ORDER BY p.id LIMIT $2`;

/** Must equal the expression of `products_name_words_idx`. Only letters and digits are left, which need no quotes. */
const wordsOf = (text: string) => `regexp_replace(lower(${text}), '[^[:alnum:]]+', ' ', 'g')`;

const NAME_MATCHES = `${wordsOf('p.name')}::tsvector
  @@ (replace(nullif(btrim(${wordsOf('$3')}), ''), ' ', ':* & ') || ':*')::tsquery`;

/**
 * PRODUCT_LIST limited to products where each word of $3 begins a word of the name, or where $3 begins a SKU. Each of
 * the two searches finds a page of its own, because an OR over two tables can use no index. A frequent word fills a page
 * from the 300 newest products; only otherwise is the index searched, which has no order. OFFSET 0 keeps PostgreSQL from
 * reading all products in order instead: it overestimates how frequent a prefix is.
 */
export const PRODUCT_SEARCH = `
  WITH recent AS (
    SELECT p.id FROM (SELECT p.id, p.name FROM products p WHERE p.id < $1 ORDER BY p.id DESC LIMIT 300) p
    WHERE ${NAME_MATCHES} ${NEWEST})
  ${PRODUCTS} ${OLDER}
  AND p.id IN (
    SELECT id FROM recent
    UNION
    (SELECT p.id FROM (SELECT p.id FROM products p WHERE ${NAME_MATCHES} AND p.id < $1 OFFSET 0) p
     WHERE (SELECT count(*) FROM recent) < $2 ${NEWEST})
    UNION
    (SELECT DISTINCT v.product_id FROM product_variants v
     WHERE lower(v.sku) COLLATE "C" >= lower($3) AND lower(v.sku) COLLATE "C" < lower($3) || chr(1114111)
       AND v.product_id < $1
     ORDER BY v.product_id DESC LIMIT $2))
  ${NEWEST}`;
