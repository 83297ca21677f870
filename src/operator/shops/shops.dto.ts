import { Currency, Flag, Id, ListOf, Nested, OneOf, Text, Time, Whole } from '../../http/fields';
import { PageQuery } from '../../http/page';
import type { ListedShop, ShownShop } from '../../public/shops/fleet.service';
import { SHOP_SORTS, type ShopSort } from '../../public/shops/fleet.service';
import type { StatusChange } from '../../public/shops/shop-status.service';
import type { SupportedShop } from '../../public/shops/shop-support.service';
import { SHOP_STATUSES, type ShopStatus } from '../../tenancy/tenant';

import { FailureDto, STATES } from '../operations/operations.dto';

const BYTES = { min: 0, max: Number.MAX_SAFE_INTEGER, example: 1_048_576 };

export class ListShopsQuery extends PageQuery {
  @OneOf(SHOP_STATUSES, { optional: true })
  status?: ShopStatus;

  @Text({ max: 31, optional: true, description: 'Only shops of this plan.' })
  plan?: string;

  @Flag({ optional: true, query: true, description: 'Only shops that lack a migration.' })
  behind?: boolean;

  @OneOf(SHOP_SORTS, {
    optional: true,
    description: 'By name from A, otherwise the newest or largest first; default `created`.',
  })
  sort?: ShopSort;
}

/** Answers of services go out as they are: JSON writes a Date as `Time` documents it. */
class ShopFactsDto {
  @Id()
  id: string;

  @Text({ max: 60, example: 'corner-shop' })
  slug: string;

  @Text({ max: 120, example: 'Corner Shop' })
  name: string;

  @OneOf(SHOP_STATUSES)
  status: ShopStatus;

  @Text({ max: 31, example: 'standard' })
  plan: string;

  @Whole({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'Version of its newest tenant migration.' })
  version: number;

  @Flag({ description: 'True if the shop lacks a migration of this program.' })
  isBehind: boolean;

  @Whole({ min: 0, max: Number.MAX_SAFE_INTEGER, example: 3 })
  members: number;

  @Time()
  createdAt: Date;
}

export class ListedShopDto extends ShopFactsDto implements ListedShop {
  @Whole({ ...BYTES, description: 'As VACUUM and ANALYZE last counted it.' })
  estimatedBytes: number;

  @Time({ optional: true, nullable: true, description: 'Only in a list by last order.' })
  lastOrderAt?: Date | null;
}

class FormerSlugDto {
  @Text({ max: 60, example: 'old-shop' })
  slug: string;

  @Time()
  endsAt: Date;
}

class TableDto {
  @Text({ max: 63, example: 'products' })
  name: string;

  @Whole({ min: 0, max: Number.MAX_SAFE_INTEGER, example: 120 })
  rows: number;

  @Flag({ description: 'False if `rows` is an estimate.' })
  isExact: boolean;

  @Whole(BYTES)
  bytes: number;
}

class LastOperationDto {
  @Id()
  id: string;

  @Text({ max: 40, example: 'backup' })
  kind: string;

  @OneOf(STATES)
  state: (typeof STATES)[number];

  @Nested(FailureDto, { nullable: true })
  error: FailureDto | null;

  @Time()
  createdAt: Date;

  @Time({ nullable: true })
  finishedAt: Date | null;
}

export class ShownShopDto extends ShopFactsDto implements ShownShop {
  @Currency()
  currency: string;

  @Time({ nullable: true, description: 'Null unless the shop is deleted; it is removed DELETED_DAYS later.' })
  deletedAt: Date | null;

  @ListOf(FormerSlugDto, { max: 100, description: 'Slugs of the last 30 days, which still name the shop.' })
  formerSlugs: FormerSlugDto[];

  @Time({ nullable: true })
  lastOrderAt: Date | null;

  @Nested(LastOperationDto, { nullable: true, description: 'Newest operation on this shop alone.' })
  lastOperation: LastOperationDto | null;

  @Whole({ ...BYTES, description: 'Size on disk, indexes included.' })
  bytes: number;

  @ListOf(TableDto, { max: 1000 })
  tables: TableDto[];
}

export class SupportedShopDto implements SupportedShop {
  @Id()
  id: string;

  @Text({ max: 60, example: 'corner-shop' })
  slug: string;

  @Text({ max: 120, example: 'Corner Shop' })
  name: string;
}

export class RenamedShopDto extends SupportedShopDto {
  @Text({ max: 60, example: 'old-shop', description: 'Slug before; it names the shop for 30 more days.' })
  formerSlug: string;
}

export class StatusChangeDto implements StatusChange {
  @Id()
  id: string;

  @Text({ max: 60, example: 'corner-shop' })
  slug: string;

  @OneOf(SHOP_STATUSES)
  status: ShopStatus;

  @Flag({ description: 'False if the shop had the status before.' })
  hasChanged: boolean;
}
