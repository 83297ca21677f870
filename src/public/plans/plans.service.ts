import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PublicDatabase } from '../../database/control-database';
import { recordAudit } from '../../tenancy/audit-log';
import { FEATURE_NAMES, isOn } from '../../tenancy/features';
import { type Operator, operatorEvent } from '../../tenancy/operator';
import { LIMIT_NAMES } from '../../tenancy/plan';
import { SETTING_NAMES } from '../../tenancy/shop-settings';
import { Plan } from '../../tenancy/plan.entity';
import {
  applied,
  assertAnyChange,
  changedValues,
  difference,
  type Setting,
  settingsDifference,
  type Stored,
  type Values,
} from './plan-changes';
import type { CreatePlanDto, PlanChangesDto, PlanDto } from './plans.dto';
import { PlanExists, PlanNotFound } from './plans.errors';

type PlanValues = Values & { settings: Stored<Setting> };
type PlanRow = PlanValues & { name: string; shops: number; updatedAt: Date };

const LIST = `
  SELECT p.name, p.limits, p.features, p.settings, p.updated_at AS "updatedAt", count(s.id)::int AS shops
  FROM plans p LEFT JOIN shops s ON s.plan = p.name WHERE $1::text IS NULL OR p.name = $1 GROUP BY p.name ORDER BY p.name`;

/** Lists and changes plans, for operators. All processes apply a change within 5 s, to every shop of the plan. */
@Injectable()
export class PlansService {
  constructor(private readonly database: PublicDatabase) {}

  /** Lists all plans by name. */
  async list(): Promise<PlanDto[]> {
    return (await this.database.read<PlanRow>(LIST, [null])).map(toPlanDto);
  }

  /** @throws PlanExists */
  create(by: Operator, { name, ...values }: CreatePlanDto): Promise<PlanDto> {
    return this.database.transaction(async (manager) => {
      const { limits, features } = changedValues({ limits: {}, features: {} }, values);
      const settings = applied({}, values.settings);
      const inserted = await manager.query<unknown[]>(
        'INSERT INTO plans (name, limits, features, settings) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING name',
        [name, limits, features, settings],
      );
      if (inserted.length === 0) throw new PlanExists({ detail: `There is a plan ${name}.` });
      await recordAudit(manager, operatorEvent(by, 'plan.created', null, { plan: name }));
      return getPlan(manager, name);
    });
  }

  /** Changes limits, features and settings, each by name; the others stay. @throws PlanNotFound; ValidationFailed without a change */
  async update(by: Operator, name: string, changes: PlanChangesDto): Promise<PlanDto> {
    assertAnyChange(changes.limits, changes.features, changes.settings);
    return this.database.transaction(async (manager) => {
      const plan = await manager.findOne(Plan, { where: { name }, lock: { mode: 'for_no_key_update' } });
      if (plan === null) throw planNotFound(name);
      const before = plan as PlanValues;
      const settings = applied(before.settings, changes.settings);
      const after = { ...changedValues(before, changes), settings };
      const details = { ...difference(before, after), ...settingsDifference(before.settings, settings) };
      if (Object.keys(details).length > 0) {
        await manager.update(Plan, { name }, after);
        await recordAudit(manager, operatorEvent(by, 'plan.changed', null, { plan: name, ...details }));
      }
      return getPlan(manager, name);
    });
  }
}

/** @throws PlanNotFound */
export async function getPlan(manager: Pick<EntityManager, 'query'>, name: string): Promise<PlanDto> {
  const [row] = await manager.query<PlanRow[]>(LIST, [name]);
  if (row === undefined) throw planNotFound(name);
  return toPlanDto(row);
}

export function planNotFound(name: string): Error {
  return new PlanNotFound({ detail: `No plan has the name ${name}.` });
}

function toPlanDto({ name, shops, limits, features, settings, updatedAt }: PlanRow): PlanDto {
  return {
    name,
    shops,
    limits: LIMIT_NAMES.map((limit) => ({ name: limit, value: limits[limit] ?? null })),
    features: FEATURE_NAMES.map((feature) => ({ name: feature, isOn: isOn(features, feature) })),
    settings: Object.fromEntries(
      SETTING_NAMES.map((setting) => [setting, settings[setting] ?? null]),
    ) as PlanDto['settings'],
    updatedAt,
  };
}
