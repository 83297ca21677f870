import type { Api } from '../support/api';
import { newOwner } from '../support/factories';
import { newMarker } from './markers';

/** A shop of the load with the rows that the load has created so far. */
export interface KitShop {
  id: string;
  marker: string;
  token: string;
  products: { id: string; variantId: string; handle: string }[];
  orders: string[];
  /** Counter that makes each new text unique. */
  next: number;
}

const AT_ONCE = 8;

/** Registers empty shops, each with a marker in every text. The load fills them. */
export async function openShops(api: Api, count: number): Promise<KitShop[]> {
  const shops: KitShop[] = [];
  const open = async () => {
    while (shops.length < count) {
      const shop: KitShop = { id: '', marker: newMarker(), token: '', products: [], orders: [], next: 0 };
      shops.push(shop);
      const owner = await newOwner(api, { name: `Shop ${shop.marker}`, slug: `shop-${shop.marker}` });
      Object.assign(shop, { id: owner.shop.id, token: owner.accessToken });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, open));
  return shops;
}
