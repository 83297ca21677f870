/** The answer to a list of products in one statement: `$1` is how many. */
export const LIST_SQL = `
  SELECT p.id, p.handle, p.name, p.description, p.currency, p.status, p.vendor, p.type, p.tags, p.options, p.images,
    p.created_at AS "createdAt", p.updated_at AS "updatedAt",
    (SELECT json_agg(json_build_object('id', v.id, 'sku', v.sku, 'optionValues', v.option_values,
       'priceMinor', v.price_minor, 'compareAtMinor', v.compare_at_minor, 'costMinor', v.cost_minor, 'stock', v.stock,
       'barcode', v.barcode, 'grams', v.grams, 'requiresShipping', v.requires_shipping, 'taxable', v.taxable,
       'imageSrc', v.image_src) ORDER BY v.position)
     FROM product_variants v WHERE v.product_id = p.id) AS variants
  FROM products p ORDER BY p.id DESC LIMIT $1`;
