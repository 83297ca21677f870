import { Matches } from 'class-validator';
import { Example, Flag, Id, ListOf, Nested, NeedsAnyOf, Text, Time, Whole } from '../../http/fields';
import { FEATURE_NAMES, type FeatureName } from '../../tenancy/features';
import type { PlanSettings } from '../../tenancy/shop-settings';
import { PlanSettingsDto } from '../settings/settings.dto';
import { boundsOf, LIMIT_NAMES, type LimitName, type PlanLimits } from '../../tenancy/plan';

const PLAN_NAME = /^[a-z][a-z0-9-]{0,30}$/;
const CHANGE = { optional: true, nullable: true };
const LIMIT = { min: 0, max: Number.MAX_SAFE_INTEGER, nullable: true };

/** Limits by name, each within its bounds. */
export class LimitsDto {}
for (const name of LIMIT_NAMES)
  Whole({ ...CHANGE, ...boundsOf(name), description: 'Null takes the limit away.' })(
    LimitsDto.prototype,
    name,
  );

/** Features by name. */
export class FeaturesDto {}
for (const name of FEATURE_NAMES)
  Flag({ ...CHANGE, description: 'Null says nothing about the feature.' })(FeaturesDto.prototype, name);

@NeedsAnyOf('limits', 'features')
@Example({ limits: { seats: 20 } })
export class LimitChangesDto {
  @Nested(LimitsDto, { optional: true })
  limits?: Partial<PlanLimits>;

  @Nested(FeaturesDto, { optional: true })
  features?: Partial<Record<FeatureName, boolean | null>>;
}

@NeedsAnyOf('limits', 'features', 'settings')
@Example({ limits: { seats: 20 }, settings: { timeZone: 'Europe/Berlin' } })
export class PlanChangesDto extends LimitChangesDto {
  @Nested(PlanSettingsDto, { optional: true })
  settings?: PlanSettingsDto;
}

export class CreatePlanDto {
  @Text({ max: 31, example: 'wholesale', description: 'Lower-case letters, digits, hyphens.' })
  @Matches(PLAN_NAME, {
    message: 'name must be lower-case letters, digits and hyphens, a letter first',
  })
  name: string;

  @Nested(LimitsDto, { optional: true })
  limits?: Partial<PlanLimits>;

  @Nested(FeaturesDto, { optional: true })
  features?: Partial<Record<FeatureName, boolean | null>>;

  @Nested(PlanSettingsDto, { optional: true })
  settings?: PlanSettingsDto;
}

export class NamedPlanDto {
  @Text({ max: 31, example: 'standard' })
  plan: string;
}

class PlanLimitDto {
  @Text({ max: 40, example: 'seats' })
  name: LimitName;

  @Whole({ ...LIMIT, example: 50, description: 'Null: no limit of the plan.' })
  value: number | null;
}

class PlanFeatureDto {
  @Text({ max: 50, example: 'bulkUpdates' })
  name: FeatureName;

  @Flag()
  isOn: boolean;
}

export class PlanDto {
  @Text({ max: 31, example: 'standard' })
  name: string;

  @Whole({ min: 0, max: Number.MAX_SAFE_INTEGER, example: 3, description: 'Shops that have it.' })
  shops: number;

  @ListOf(PlanLimitDto, { max: 100 })
  limits: PlanLimitDto[];

  @ListOf(PlanFeatureDto, { max: 100 })
  features: PlanFeatureDto[];

  @Nested(PlanSettingsDto, {
    description: 'Settings of its shops that have none of their own. Null: the default of all plans.',
  })
  settings: { [K in keyof PlanSettings]: PlanSettings[K] | null };

  @Time()
  updatedAt: Date;
}

export class PlansDto {
  @ListOf(PlanDto, { max: 1000 })
  plans: PlanDto[];
}

class ShopLimitDto {
  @Text({ max: 40, example: 'seats' })
  name: LimitName;

  @Whole({ ...LIMIT, example: 50, description: 'Of the plan; null without one.' })
  plan: number | null;

  @Whole({ ...LIMIT, example: 80, description: 'Of the shop itself, in place of that of the plan.' })
  own: number | null;

  @Whole({
    ...LIMIT,
    example: 80,
    description: 'In force: of the shop, the plan or the installation. Null: no limit.',
  })
  inForce: number | null;

  @Whole({
    ...LIMIT,
    example: 12,
    description: 'Rows, storage, members, and requests of the last minute; null for the other limits.',
  })
  used: number | null;

  @Whole({ ...LIMIT, example: 15, description: 'Used part of the limit in force, per cent.' })
  percent: number | null;
}

class ShopFeatureDto {
  @Text({ max: 50, example: 'bulkUpdates' })
  name: FeatureName;

  @Flag({ nullable: true, description: 'Null if the plan says nothing.' })
  plan: boolean | null;

  @Flag({ nullable: true, description: 'Of the shop itself, in place of that of the plan.' })
  own: boolean | null;

  @Flag()
  inForce: boolean;
}

class ShopPlanDto {
  @Id()
  id: string;

  @Text({ max: 60, example: 'corner-shop' })
  slug: string;

  @Text({ max: 31, example: 'standard' })
  plan: string;
}

export class ShopLimitsDto extends ShopPlanDto {
  @ListOf(ShopLimitDto, { max: 100 })
  limits: ShopLimitDto[];

  @ListOf(ShopFeatureDto, { max: 100 })
  features: ShopFeatureDto[];
}

export class PlanChangeDto extends ShopPlanDto {
  @Flag({ description: 'False if the shop had the plan before.' })
  hasChanged: boolean;
}
