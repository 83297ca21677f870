import { Injectable } from '@nestjs/common';
import { invalidField } from '../../common/common.errors';
import { PublicDatabase } from '../../database/control-database';
import { recordAudit } from '../../tenancy/audit-log';
import { type Operator, operatorEvent } from '../../tenancy/operator';
import { ProvisioningService } from '../../tenancy/provisioning.service';
import { getUserByEmail } from '../users/users';
import { createShop } from './create-shop';
import { lockNamedShop } from './named-shop';
import { Shop } from './shop.entity';
import type { CreateShopForDto, RenameShopDto } from './shop-support.dto';
import { changeSlug } from './slugs';

/** A shop after an operator has made or renamed it. */
export interface SupportedShop {
  id: string;
  slug: string;
  name: string;
}

/** Creates and renames shops for operators. The owner finds each change in the shop's audit log. */
@Injectable()
export class ShopSupportService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly provisioning: ProvisioningService,
  ) {}

  /** Creates a shop for a registered user. @throws UserNotFound, SlugTaken, NoTenantReady */
  create(operator: Operator, { owner: email, ...wanted }: CreateShopForDto): Promise<SupportedShop> {
    return this.provisioning.transaction(async (manager) => {
      const owner = await getUserByEmail(manager, email);
      const { id, slug, name } = await createShop(manager, this.provisioning, { ...wanted, owner });
      await recordAudit(manager, operatorEvent(operator, 'shop.created', id, { userId: owner.id }));
      return { id, slug, name };
    });
  }

  /**
   * Gives a shop another slug, another name, or both. Its schema is named after its id, so nothing moves.
   * @param shop slug, id, or a slug of the last 30 days
   * @returns the shop, and the slug that it had before
   * @throws ShopNotFound, SlugTaken; ValidationFailed without a slug and a name
   */
  rename(
    operator: Operator,
    shop: string,
    { slug, name }: RenameShopDto,
  ): Promise<SupportedShop & { formerSlug: string }> {
    if (slug === undefined && name === undefined) throw invalidField('slug', 'give a slug, a name, or both');
    return this.database.transaction(async (manager) => {
      const former = await lockNamedShop(manager, shop);
      const next = { id: former.id, slug: slug ?? former.slug, name: name ?? former.name };
      const result = { ...next, formerSlug: former.slug };
      if (next.slug === former.slug && next.name === former.name) return result;
      if (next.name !== former.name) await manager.update(Shop, { id: next.id }, { name: next.name });
      await changeSlug(manager, former, next.slug);
      const details = { formerSlug: former.slug, slug: next.slug };
      await recordAudit(manager, operatorEvent(operator, 'shop.renamed', next.id, details));
      return result;
    });
  }
}
