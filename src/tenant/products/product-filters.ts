import { Conditions } from '../lists/conditions';
import { Sorting, type SortKey } from '../lists/sorting';
import type { ListProductsQuery, ProductSort } from './list-products.dto';

/** Must equal the expression of `products_search_idx`. No tag begins with a space: they are trimmed. */
const FACETS = `(p.tags || ARRAY[' status=' || p.status, ' vendor=' || p.vendor, ' type=' || p.type])`;

const CREATED: SortKey[] = [{ sql: 'p.id', type: 'uuid' }]; // ids sort by time of creation
const HANDLE: SortKey[] = [{ sql: 'p.handle', type: 'text' }];

/** An index serves each. */
export const PRODUCT_SORTS: Record<ProductSort, Sorting> = {
  '-createdAt': new Sorting('-createdAt', CREATED, { isDefault: true }),
  createdAt: new Sorting('createdAt', CREATED),
  handle: new Sorting('handle', HANDLE),
  '-handle': new Sorting('-handle', HANDLE),
};

const VARIANTS = 'FROM product_variants v WHERE v.product_id = p.id';
/** Keeps PostgreSQL from reading all variants of the shop for a page of products. */
const EACH = 'OFFSET 0';
const STOCK = `(SELECT coalesce(sum(v.stock) FILTER (WHERE v.tracks_stock), 0) ${VARIANTS})`;

interface ProductFilters {
  conditions: Conditions;
  /** Condition that follows from them, for the index; undefined if there is none. */
  indexed: string | undefined;
}

/** The filters of a query, as conditions on products `p`. @param parameters those of the statement before */
export function productFilters(
  query: Omit<ListProductsQuery, 'limit'>,
  parameters: unknown[] = [],
): ProductFilters {
  const conditions = new Conditions(parameters);
  const facets: string[] = [];
  for (const name of ['status', 'vendor', 'type'] as const)
    conditions.add(query[name], (text) => {
      facets.push(`' ${name}=' || ${text}`);
      return `p.${name} = ${text}`;
    });
  conditions
    .add(query.tag, (text) => {
      facets.push(`${text}::text`);
      return `p.tags @> ARRAY[${text}::text]`;
    })
    .add(query.stockMin, (count) => `${STOCK} >= ${count}`)
    .add(query.stockMax, (count) => `${STOCK} <= ${count}`)
    .addPeriod('p.created_at', query.createdFrom, query.createdTo)
    .addPeriod('p.updated_at', query.updatedFrom, query.updatedTo);
  if (query.inStock !== undefined)
    conditions.addText(
      `${query.inStock ? '' : 'NOT '}EXISTS (SELECT ${VARIANTS} AND (v.stock > 0 OR v.sells_when_out OR NOT v.tracks_stock) ${EACH})`,
    );
  if (query.priceMin !== undefined || query.priceMax !== undefined) {
    const price = new Conditions(parameters)
      .add(query.priceMin, (amount) => `v.price_minor >= ${amount}`)
      .add(query.priceMax, (amount) => `v.price_minor <= ${amount}`);
    conditions.addText(`EXISTS (SELECT ${VARIANTS} AND ${price.toString()} ${EACH})`);
  }
  return {
    conditions,
    indexed: facets.length === 0 ? undefined : `${FACETS} @> ARRAY[${facets.join(', ')}]`,
  };
}
