import { isLonger } from '../../../common/is-longer';
import type { CatalogueFields, CatalogueStatus } from './shopify-catalogue';
import { shown, type ShopifyRow } from './shopify-row';

export const MAX_DESCRIPTION = 100_000;
const MAX_TAG = 255;
const MAX_TAGS = 250;

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
  read('Body (HTML)', 'description', () => row.verbatim('Body (HTML)', MAX_DESCRIPTION));
  read('Vendor', 'vendor', () => row.text('Vendor'));
  read('Type', 'type', () => row.text('Type'));
  read('Tags', 'tags', () => readTags(row));
  if (row.has('Status')) fields.status = readStatus(row);
  if (row.has('Published')) fields.isPublished = row.flag('Published', true, 'STATUS_INVALID');
  return fields;
}

function readTags(row: ShopifyRow): string[] {
  const texts = row.text('Tags', MAX_TAGS * (MAX_TAG + 2)).split(',');
  const tags = [...new Set(texts.map((tag) => tag.trim()).filter((tag) => tag !== ''))];
  if (tags.length > MAX_TAGS)
    row.fail('TAGS_TOO_MANY', 'Tags', `A product has at most ${MAX_TAGS} tags, not ${tags.length}.`);
  if (tags.some((tag) => isLonger(tag, MAX_TAG)))
    row.fail('TEXT_TOO_LONG', 'Tags', `A tag is longer than ${MAX_TAG} characters.`);
  return tags;
}

function readStatus(row: ShopifyRow): CatalogueStatus {
  const status = row.text('Status').toLowerCase();
  if (STATUSES.includes(status)) return status as CatalogueStatus;
  row.fail('STATUS_INVALID', 'Status', `${shown(status)} is none of ${STATUSES.join(', ')}.`);
  return 'draft';
}
