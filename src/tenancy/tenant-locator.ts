import { Injectable } from '@nestjs/common';
import { isId } from '../common/ids';
import type { Placement } from './tenant';

/**
 * Maps a shop to the placement of its data. On one database this is a pure function of the shop's id; further servers
 * or a sharded cluster plug in here and nowhere else.
 */
@Injectable()
export class TenantLocator {
  /**
   * Names schema and role after the id, never after a name or slug: those change, and PostgreSQL truncates names to
   * 63 bytes, so two long ones could collide.
   * @throws Error when `shopId` is not a UUID: a defect in the caller
   */
  locate(shopId: string): Placement {
    if (!isId(shopId)) throw new Error('a tenant is named by a UUID');
    const name = `shop_${shopId.toLowerCase().replaceAll('-', '')}`;
    return { schema: name, role: name };
  }
}
