import { MAX_BODY_KIB, MAX_PAGE } from '../../common/bounds';
import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '../../common/logger';
import { type Env, ENV } from '../../config/env';
import { PublicDatabase } from '../../database/control-database';
import { recordAudit } from '../../tenancy/audit-log';
import { FEATURE_NAMES, isOn } from '../../tenancy/features';
import { type Operator, operatorEvent } from '../../tenancy/operator';
import { LIMIT_NAMES, type PlanLimits } from '../../tenancy/plan';
import { Plan } from '../../tenancy/plan.entity';
import { StoredImages } from '../../tenancy/stored-images';
import { FilesUnavailable } from '../../tenancy/tenancy.errors';
import { getNamedShopId, lockNamedShop } from '../shops/named-shop';
import { ACTIVITY_SECONDS } from '../shops/shop-activity.service';
import { Shop } from '../shops/shop.entity';
import { assertAnyChange, changedValues, difference, type Values } from './plan-changes';
import type { LimitChangesDto, PlanChangeDto, ShopLimitsDto } from './plans.dto';
import { planNotFound } from './plans.service';

const MIB = 1_048_576;

/** Measured at most every 10 s, as for quotas; requests as the processes have reported them. */
const USAGE = `
  SELECT u.rows, u.bytes / 1048576.0::float8 AS "storageMiB",
    (SELECT count(*)::int FROM memberships WHERE shop_id = $1) AS seats,
    (SELECT coalesce(sum(requests), 0)::int FROM shop_activity
     WHERE shop_id = $1 AND at > now() - interval '${ACTIVITY_SECONDS} seconds') AS "requestsPerMinute"
  FROM measure_shop($1, 10000) u`;

/**
 * Gives shops their plan, and limits and features in place of the plan's, for operators. All processes apply a change within
 * 5 s; each is in the shop's audit log. Shops are named by slug, id, or a slug of the last 30 days.
 */
@Injectable()
export class ShopLimitsService {
  constructor(
    private readonly database: PublicDatabase,
    private readonly images: StoredImages,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Gives a shop another plan. Its own limits and features stay. @throws ShopNotFound, PlanNotFound */
  setPlan(by: Operator, shop: string, plan: string): Promise<PlanChangeDto> {
    return this.database.transaction(async (manager) => {
      const { id, slug, plan: from } = await lockNamedShop(manager, shop);
      if (!(await manager.existsBy(Plan, { name: plan }))) throw planNotFound(plan); // plans are never removed
      if (from === plan) return { id, slug, plan, hasChanged: false };
      await manager.update(Shop, { id }, { plan });
      await recordAudit(manager, operatorEvent(by, 'shop.plan_changed', id, { from, plan }));
      return { id, slug, plan, hasChanged: true };
    });
  }

  /** Shows each limit and feature: of the plan, of the shop, and in force. @throws ShopNotFound */
  async get(shop: string): Promise<ShopLimitsDto> {
    const found = await this.database.run(async (manager) => {
      const id = await getNamedShopId(manager, shop);
      return manager.findOneOrFail(Shop, { where: { id }, relations: { ownPlan: true } });
    });
    return this.shown(found, found as unknown as Values, found.ownPlan as Values);
  }

  /** Changes limits and features of the shop itself, each by name; null takes one away. @throws ShopNotFound; ValidationFailed without a change */
  async update(by: Operator, shop: string, changes: LimitChangesDto): Promise<ShopLimitsDto> {
    assertAnyChange(changes.limits, changes.features);
    const [found, own, plan] = await this.database.transaction(async (manager) => {
      const found = await lockNamedShop(manager, shop);
      const before = found as Values;
      const after = changedValues(before, changes);
      const details = difference(before, after);
      if (Object.keys(details).length > 0) {
        await manager.update(Shop, { id: found.id }, after);
        await recordAudit(manager, operatorEvent(by, 'shop.limits_changed', found.id, details));
      }
      return [found, after, await manager.findOneByOrFail(Plan, { name: found.plan })] as const;
    });
    return this.shown(found, own, plan as Values);
  }

  private async shown({ id, slug, plan: name }: Shop, own: Values, plan: Values): Promise<ShopLimitsDto> {
    const installation = this.installationLimits();
    const usage = await this.usageOf(id, own.limits.filesMiB ?? plan.limits.filesMiB ?? null);
    return {
      ...{ id, slug, plan: name },
      limits: LIMIT_NAMES.map((limit) => {
        const [ofPlan, ofShop] = [plan.limits[limit] ?? null, own.limits[limit] ?? null];
        const inForce = ofShop ?? ofPlan ?? installation[limit] ?? null;
        const used = usage[limit] ?? null;
        const percent = used === null || inForce === null ? null : Math.floor((used / inForce) * 100);
        return {
          ...{ name: limit, plan: ofPlan, own: ofShop, inForce },
          used: used === null ? null : Math.ceil(used),
          percent,
        };
      }),
      features: FEATURE_NAMES.map((feature) => ({
        name: feature,
        plan: plan.features[feature] ?? null,
        own: own.features[feature] ?? null,
        inForce: isOn({ ...plan.features, ...own.features }, feature),
      })),
    };
  }

  /** Use of the limits that are measured without a look at the rows of the shop. */
  private async usageOf(shopId: string, filesMiB: number | null): Promise<Partial<PlanLimits>> {
    const [usage] = await this.database.read<Partial<PlanLimits>>(USAGE, [shopId]);
    if (filesMiB === null) return usage!; // a shop without this limit may have more images than can be listed in a while
    return { ...usage, filesMiB: await this.filesOf(shopId) };
  }

  /** Null while their place does not answer, for the other limits are shown and changed without it. */
  private async filesOf(shopId: string): Promise<number | null> {
    try {
      return (await this.images.sizeOf({ shopId })).bytes / MIB;
    } catch (err) {
      if (!(err instanceof FilesUnavailable)) throw err;
      this.logger.warn({ event: 'images.not_measured', shopId, err });
      return null;
    }
  }

  /** Limits of all shops for which neither the plan nor the shop has one. */
  private installationLimits(): Partial<PlanLimits> {
    const { STATEMENT_TIMEOUT_MS: statementMs, LOCK_TIMEOUT_MS: lockMs } = this.env;
    return { statementMs, lockMs, bodyKiB: MAX_BODY_KIB, pageSize: MAX_PAGE };
  }
}
