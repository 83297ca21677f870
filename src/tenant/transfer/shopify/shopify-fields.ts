import { DESCRIPTION, TAGS } from '../../products/products.dto';
import { isLonger } from '../../../common/is-longer';
import type { CatalogueFields, CatalogueStatus } from './shopify-catalogue';
import { shown, type ShopifyRow } from './shopify-row';

const STATUSES: readonly string[] = ['draft', 'active', 'unlisted', 'archived'] satisfies CatalogueStatus[];

/** Reads the fields of a product for which the file has a column. */
export function readFields(row: ShopifyRow): CatalogueFields {
  const fields: CatalogueFields = { attributes: row.attributes(row.columns.productAttributes) };
  const read = <K extends keyof CatalogueFields>(
    column: string,
    field: K,
    value: () => CatalogueFields[K],
  ) => {
    if (row.knows(column)) fields[field] = value();
  };
  read('Title', 'name', () => row.text('Title'));
  read('Body (HTML)', 'description', () => row.verbatim('Body (HTML)', DESCRIPTION.max));
  read('Vendor', 'vendor', () => row.text('Vendor'));
  read('Type', 'type', () => row.text('Type'));
  read('Tags', 'tags', () => readTags(row));
  if (row.has('Status')) fields.status = readStatus(row);
  if (row.has('Published')) fields.isPublished = row.flag('Published', true, 'STATUS_INVALID');
  return fields;
}

function readTags(row: ShopifyRow): string[] {
  const texts = row.text('Tags', TAGS.max * (TAGS.length + 2)).split(',');
  const tags = [...new Set(texts.map((tag) => tag.trim()).filter((tag) => tag !== ''))];
  if (tags.length > TAGS.max)
    row.fail('TAGS_TOO_MANY', 'Tags', `A product has at most ${TAGS.max} tags, not ${tags.length}.`);
  if (tags.some((tag) => isLonger(tag, TAGS.length)))
    row.fail('TEXT_TOO_LONG', 'Tags', `A tag is longer than ${TAGS.length} characters.`);
  return tags;
}

function readStatus(row: ShopifyRow): CatalogueStatus {
  const status = row.text('Status').toLowerCase();
  if (STATUSES.includes(status)) return status as CatalogueStatus;
  row.fail('STATUS_INVALID', 'Status', `${shown(status)} is none of ${STATUSES.join(', ')}.`);
  return 'draft';
}
