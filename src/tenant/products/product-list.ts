import { LAST_ID } from '../../common/ids';
import { type Listing, listingOf } from '../lists/listing';
import { PRODUCT_SORTS, productFilters } from './product-filters';
import type { ListProductsQuery } from './list-products.dto';
import type { ProductRow } from './products.dto';

/**
 * Products `p` with their variants, in one statement: two would need two round trips and see two moments. Columns are
 * named one by one because a rollout adds columns while this program runs.
 */
export const PRODUCT_COLUMNS = `
  SELECT p.id, p.handle, p.name, p.description, p.currency, p.status, p.vendor, p.type, p.tags, p.options, p.images,
    p.attributes, p.created_at AS "createdAt", p.updated_at AS "updatedAt",
    (SELECT coalesce(json_agg(v), '[]')
     FROM (SELECT v.id, v.sku, v.option_values AS "optionValues", v.price_minor AS "priceMinor",
             v.compare_at_minor AS "compareAtMinor", v.cost_minor AS "costMinor", v.stock, v.tracks_stock AS "tracksStock",
             v.sells_when_out AS "sellsWhenOut", v.barcode, v.grams,
             v.requires_shipping AS "requiresShipping", v.taxable, v.image_src AS "imageSrc", v.attributes
           FROM product_variants v WHERE v.product_id = p.id ORDER BY v.position, v.id) v) AS variants`;

const PRODUCTS = `${PRODUCT_COLUMNS} FROM products p`;

/** The product with id $1. */
export const PRODUCT_BY_ID = `${PRODUCTS} WHERE p.id = $1`;

/** The newest products older than $1, at most $2. */
export const PRODUCT_LIST = `${PRODUCTS} WHERE p.id < $1 ORDER BY p.id DESC LIMIT $2`;

/** The oldest products newer than $1, at most $2. */
export const PRODUCTS_AFTER = `${PRODUCTS} WHERE p.id > $1 ORDER BY p.id LIMIT $2`;

/** Products as a query without `q` asks for them. @throws InvalidCursor */
export function productListOf(query: ListProductsQuery): Listing<ProductRow> {
  const { limit, cursor, sort = '-createdAt' } = query;
  const { conditions, indexed } = productFilters(query);
  const isPlain = conditions.isEmpty && sort === '-createdAt';
  const from = { columns: PRODUCT_COLUMNS, table: 'products', alias: 'p' };
  const listing = listingOf<ProductRow>({ ...from, indexed }, conditions, PRODUCT_SORTS[sort], query);
  if (!isPlain) return listing;
  return { ...listing, page: [PRODUCT_LIST, [cursor ?? LAST_ID, limit + 1]], cursorOf: ({ id }) => id };
}
