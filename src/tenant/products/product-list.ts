/**
 * A page of products with their variants, in one statement: two would be two round trips, and would see two moments.
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
  FROM products p
  WHERE p.id < $1`;

const NEWEST = 'ORDER BY p.id DESC LIMIT $2';

/** The newest before $1, at most $2. */
export const PRODUCT_LIST = `${PRODUCTS} ${NEWEST}`;

/** Those of them that have $3, a pattern, in their name or a SKU. */
export const PRODUCT_SEARCH = `${PRODUCTS}
  AND (p.name ILIKE $3 OR EXISTS (SELECT FROM product_variants v WHERE v.product_id = p.id AND v.sku ILIKE $3))
  ${NEWEST}`;
