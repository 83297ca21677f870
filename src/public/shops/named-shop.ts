import type { EntityManager } from 'typeorm';
import { getShopId, shopNotFound } from '../../tenancy/named-shops';
import { Shop } from './shop.entity';

/** @param name slug, id, or a slug of the last 30 days. @throws ShopNotFound */
export function getNamedShopId(manager: EntityManager, name: string): Promise<string> {
  return getShopId((sql, values) => manager.query(sql, values), name);
}

/** Locks the shop that an operator names, so that one transaction at a time changes it or its members. @throws ShopNotFound */
export async function lockNamedShop(manager: EntityManager, name: string): Promise<Shop> {
  const id = await getNamedShopId(manager, name);
  const shop = await manager.findOne(Shop, { where: { id }, lock: { mode: 'for_no_key_update' } });
  if (shop === null) throw shopNotFound(name);
  return shop;
}
