import { type EntityManager, In, LessThan } from 'typeorm';
import { groupBy } from '../../src/common/group-by';
import { PRODUCT_LIST } from '../../src/tenant/products/product-list';
import { ProductVariant, type ProductWithVariants } from '../../src/tenant/products/product-variant.entity';
import { Product } from '../../src/tenant/products/product.entity';
import { type ProductRow, toProductDto } from '../../src/tenant/products/products.dto';
import type { VariantDto } from '../../src/tenant/products/variants.dto';
import { LIMIT, type ListWay } from './way';

/** The id that `bench/lib/fill-shop.ts` gives to the row. */
const cursorOf = (page: number) => {
  const n = 9999 - 20 * (page % 400);
  const hex = (1700000000000 + n).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`;
};

const COLUMNS = `p.id, p.handle, p.name, p.description, p.currency, p.status, p.vendor, p.type, p.tags, p.options, p.images,
    p.attributes, p.created_at AS "createdAt", p.updated_at AS "updatedAt"`;
const VARIANT_COLUMNS = `v.id, v.sku, v.option_values AS "optionValues", v.price_minor AS "priceMinor",
    v.compare_at_minor AS "compareAtMinor", v.cost_minor AS "costMinor", v.stock, v.tracks_stock AS "tracksStock",
    v.sells_when_out AS "sellsWhenOut", v.barcode, v.grams, v.requires_shipping AS "requiresShipping", v.taxable, v.image_src AS "imageSrc",
    v.attributes`;
const PAGE = 'FROM products p WHERE p.id < $1 ORDER BY p.id DESC LIMIT $2';

const PAGE_SQL = `SELECT ${COLUMNS} ${PAGE}`;
const VARIANTS_SQL = `SELECT v.product_id AS "productId", ${VARIANT_COLUMNS} FROM product_variants v
  WHERE v.product_id IN (SELECT p.id ${PAGE}) ORDER BY v.position`;
const VARIANTS_OF_SQL = `SELECT v.product_id AS "productId", ${VARIANT_COLUMNS} FROM product_variants v
  WHERE v.product_id = ANY ($1) ORDER BY v.position`;
const ARRAYS_SQL = `SELECT ${COLUMNS},
  (SELECT json_agg(json_build_array(v.id, v.sku, v.option_values, v.price_minor, v.compare_at_minor, v.cost_minor,
     v.stock, v.tracks_stock, v.sells_when_out, v.barcode, v.grams, v.requires_shipping, v.taxable, v.image_src, v.attributes)
     ORDER BY v.position)
   FROM product_variants v WHERE v.product_id = p.id) AS variants ${PAGE}`;
const OBJECTS_SQL = `SELECT ${COLUMNS},
  (SELECT json_agg(json_build_object('id', v.id, 'sku', v.sku, 'optionValues', v.option_values,
     'priceMinor', v.price_minor, 'compareAtMinor', v.compare_at_minor, 'costMinor', v.cost_minor, 'stock', v.stock,
     'tracksStock', v.tracks_stock, 'sellsWhenOut', v.sells_when_out, 'barcode', v.barcode, 'grams', v.grams, 'requiresShipping', v.requires_shipping, 'taxable', v.taxable,
     'imageSrc', v.image_src, 'attributes', v.attributes) ORDER BY v.position)
   FROM product_variants v WHERE v.product_id = p.id) AS variants ${PAGE}`;
const JOINED_SQL = `SELECT ${COLUMNS}, v.id AS v1, v.sku AS v2, v.option_values AS v3, v.price_minor AS v4,
   v.compare_at_minor AS v5, v.cost_minor AS v6, v.stock AS v7, v.tracks_stock AS v8,
   v.sells_when_out AS v9, v.barcode AS v10, v.grams AS v11, v.requires_shipping AS v12, v.taxable AS v13, v.image_src AS v14,
   v.attributes AS v15
  FROM (SELECT p.* ${PAGE}) p JOIN product_variants v ON v.product_id = p.id ORDER BY p.id DESC, v.position`;

/** The number of columns before those of a variant. */
const FIELDS = COLUMNS.split(',').length;

type Fields = Omit<ProductRow, 'variants'>;
type Owned = VariantDto & { productId: string };

async function oneStatement(manager: EntityManager, page: number) {
  return (await manager.query<ProductRow[]>(PRODUCT_LIST, [cursorOf(page), LIMIT])).map(toProductDto);
}

async function findTwice(manager: EntityManager, page: number) {
  const products = await manager.find(Product, {
    where: { id: LessThan(cursorOf(page)) },
    order: { id: 'DESC' },
    take: LIMIT,
  });
  const variants = await manager.find(ProductVariant, {
    where: { productId: In(products.map(({ id }) => id)) },
    order: { position: 'ASC' },
  });
  const byProduct = groupBy(variants, ({ productId }) => productId);
  return products.map((product) => toProductDto({ ...product, variants: byProduct.get(product.id) ?? [] }));
}

async function joinAndSelect(manager: EntityManager, page: number) {
  const products = (await manager
    .createQueryBuilder(Product, 'p')
    .leftJoinAndMapMany('p.variants', ProductVariant, 'v', 'v.product_id = p.id')
    .where('p.id < :id', { id: cursorOf(page) })
    .orderBy('p.id', 'DESC')
    .take(LIMIT) // ordering by v.position too would make it count rows of the join
    .getMany()) as ProductWithVariants[];
  for (const product of products) product.variants.sort((a, b) => a.position - b.position);
  return products.map(toProductDto);
}

const together = (products: Fields[], variants: Owned[]) => {
  const byProduct = groupBy(variants, ({ productId }) => productId);
  return products.map((product) => toProductDto({ ...product, variants: byProduct.get(product.id) ?? [] }));
};

async function twoTexts(manager: EntityManager, page: number) {
  const products = await manager.query<Fields[]>(PAGE_SQL, [cursorOf(page), LIMIT]);
  return together(products, await manager.query<Owned[]>(VARIANTS_OF_SQL, [products.map(({ id }) => id)]));
}

async function pipelined(manager: EntityManager, page: number) {
  const parameters = [cursorOf(page), LIMIT];
  return together(
    ...(await Promise.all([
      manager.query<Fields[]>(PAGE_SQL, parameters),
      manager.query<Owned[]>(VARIANTS_SQL, parameters),
    ])),
  );
}

type Cells = readonly unknown[];

const ofCells = (cells: Cells, first = 0) =>
  ({
    id: cells[first],
    sku: cells[first + 1],
    optionValues: cells[first + 2],
    priceMinor: cells[first + 3],
    compareAtMinor: cells[first + 4],
    costMinor: cells[first + 5],
    stock: cells[first + 6],
    tracksStock: cells[first + 7],
    sellsWhenOut: cells[first + 8],
    barcode: cells[first + 9],
    grams: cells[first + 10],
    requiresShipping: cells[first + 11],
    taxable: cells[first + 12],
    imageSrc: cells[first + 13],
    attributes: cells[first + 14],
  }) as VariantDto;

async function arrays(manager: EntityManager, page: number) {
  const rows = await manager.query<(Fields & { variants: Cells[] })[]>(ARRAYS_SQL, [cursorOf(page), LIMIT]);
  return rows.map((row) => toProductDto({ ...row, variants: row.variants.map((cells) => ofCells(cells)) }));
}

async function objects(manager: EntityManager, page: number) {
  return (await manager.query<ProductRow[]>(OBJECTS_SQL, [cursorOf(page), LIMIT])).map(toProductDto);
}

async function joined(manager: EntityManager, page: number) {
  const rows = await manager.query<Fields[]>(JOINED_SQL, [cursorOf(page), LIMIT]);
  return [...groupBy(rows, ({ id }) => id).values()].map((flat) => {
    const variants = flat.map((row) => ofCells(Object.values(row), FIELDS));
    return toProductDto({ ...flat[0]!, variants }); // a group is never empty
  });
}

/** The service uses the first. */
export const PRODUCT_LISTS: readonly ListWay[] = [
  { name: 'one SQL text, variants by json_agg of rows', read: oneStatement },
  { name: 'TypeORM find, then find of variants', read: findTwice },
  { name: 'TypeORM leftJoinAndSelect with take', read: joinAndSelect },
  { name: 'two SQL texts one after the other', read: twoTexts },
  { name: 'two SQL texts pipelined', read: pipelined },
  { name: 'one SQL text, join, grouped in Node', read: joined },
  { name: 'one SQL text, json_build_object', read: objects },
  { name: 'one SQL text, json_build_array', read: arrays },
];
