import { Currency, Id, Name, OneOf, Text, Time } from '../../http/fields';
import { UNCHANGED } from '../../http/read-only';
import { SLUG_PATTERN } from '../../common/slug';
import { type Shop } from './shop.entity';
import { Matches } from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { MEMBER_ROLES, type MemberRole, SHOP_STATUSES, type ShopStatus } from '../../tenancy/tenant';

/** Statuses of shops that have members. */
const SHOWN_STATUSES = SHOP_STATUSES.filter((status) => status !== 'deleted');

const SLUG = 'Unique, such as corner-shop: lower-case letters, digits, hyphens.';

/** @param example of a slug that must be given; without it, the slug may be absent */
export function Slug(example?: string): PropertyDecorator {
  return applyDecorators(
    Text({
      max: 60,
      ...(example === undefined
        ? { optional: true, description: `${SLUG} Derived from the name if absent.` }
        : { example, description: SLUG }),
    }),
    Matches(SLUG_PATTERN, {
      message: 'slug must be lower-case letters and digits, separated by single hyphens, and not a UUID',
    }),
  );
}

export class CreateShopDto {
  @Name({ example: 'Corner Shop' })
  name: string;

  @Slug()
  slug?: string;

  @Currency({ optional: true, description: 'Default currency of prices; USD if absent.' })
  currency?: string;
}

export class UpdateShopDto {
  @Name({ optional: true, example: 'Corner Shop' })
  name?: string;

  @Slug()
  slug?: string;

  @Currency({ optional: true })
  currency?: string;

  @Id(UNCHANGED)
  id?: string;

  @OneOf(MEMBER_ROLES, UNCHANGED)
  role?: MemberRole;

  @OneOf(SHOWN_STATUSES, UNCHANGED)
  status?: ShopStatus;

  @Text({ ...UNCHANGED, max: 30 })
  createdAt?: string;

  @Text({ ...UNCHANGED, max: 30 })
  updatedAt?: string;
}

export class ShopDto {
  @Id()
  id: string;

  @Text({ max: 120, example: 'Corner Shop' })
  name: string;

  @Text({ max: 60, example: 'corner-shop' })
  slug: string;

  @OneOf(MEMBER_ROLES, { description: 'Role of the signed-in user in this shop.' })
  role: MemberRole;

  @OneOf(SHOWN_STATUSES, {
    description:
      'A read-only shop can be read; a suspended one is closed to its members. Only the operator changes it.',
  })
  status: ShopStatus;

  @Currency()
  currency: string;

  @Time()
  createdAt: string;

  @Time()
  updatedAt: string;
}

export function toShopDto(shop: Shop, role: MemberRole): ShopDto {
  return {
    id: shop.id,
    name: shop.name,
    slug: shop.slug,
    role,
    status: shop.status,
    currency: shop.currency,
    createdAt: shop.createdAt.toISOString(),
    updatedAt: shop.updatedAt.toISOString(),
  };
}
