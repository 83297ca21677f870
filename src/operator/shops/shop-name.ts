import { Injectable, Param, type PipeTransform } from '@nestjs/common';
import { defineError } from '../../common/app-error';
import { invalidField } from '../../common/common.errors';
import { isId } from '../../common/ids';
import { SLUG_PATTERN } from '../../common/slug';
import type { PublicDatabase } from '../../database/control-database';
import { Text } from '../../http/fields';
import { getShopId, shopNotFound } from '../../tenancy/named-shops';

export const ConfirmationWrong = defineError(
  'CONFIRMATION_WRONG',
  409,
  'The confirmation is not the slug of the shop.',
);

@Injectable()
class ShopPipe implements PipeTransform<string, string> {
  transform(name: string): string {
    if (isId(name) || SLUG_PATTERN.test(name)) return name;
    throw invalidField('shop', 'shop must be the slug or the id of a shop');
  }
}

/** Injects the shop in the path: slug, id, or a slug of the last 30 days. */
export const NamedShop = () => Param('shop', ShopPipe);

/** Body of a route that destroys or replaces what a shop has. */
export class ConfirmDto {
  @Text({
    max: 60,
    example: 'corner-shop',
    description: 'Slug that the shop has now, to be sure which one it is.',
  })
  confirm: string;
}

/** @throws ShopNotFound */
export async function findNamedShop(
  database: PublicDatabase,
  name: string,
): Promise<{ id: string; slug: string }> {
  const id = await getShopId((sql, values) => database.read(sql, values), name);
  const [shop] = await database.read<{ id: string; slug: string }>(
    'SELECT id, slug FROM shops WHERE id = $1',
    [id],
  );
  if (shop === undefined) throw shopNotFound(name); // removed meanwhile
  return shop;
}

/** @throws ConfirmationWrong, ShopNotFound */
export async function confirmShop(
  database: PublicDatabase,
  name: string,
  { confirm }: ConfirmDto,
): Promise<{ id: string; slug: string }> {
  const shop = await findNamedShop(database, name);
  if (shop.slug !== confirm) throw new ConfirmationWrong();
  return shop;
}
