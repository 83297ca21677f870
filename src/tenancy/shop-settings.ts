import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { hasControls } from '../common/safe-text';

const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !hasControls(value));
const optional = (max: number) => text(max).nullable().default(null);

const ADDRESS = z.object({
  line1: text(200),
  line2: optional(200),
  postalCode: optional(20),
  city: text(100),
  region: optional(100),
});

/** Settings of a shop. Name and currency are columns of the shop. Answers and requests have the same fields: `SettingsDto`. */
export const SHOP_SETTINGS = z.object({
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .nullable(),
  language: text(35),
  timeZone: text(64),
  address: ADDRESS.nullable(),
  orderPrefix: z.string().regex(/^[A-Z0-9-]{0,10}$/),
  taxBasisPoints: z.number().int().min(0).max(10_000),
  pricesIncludeTax: z.boolean(),
});

export type ShopSettings = z.infer<typeof SHOP_SETTINGS>;

/** Settings of a shop that has set nothing, nor its plan. */
const DEFAULTS: ShopSettings = {
  ...{ country: null, language: 'en', timeZone: 'UTC', address: null },
  ...{ orderPrefix: '', taxBasisPoints: 0, pricesIncludeTax: false },
};

/** Settings of a shop that its plan may have: all that are not about one shop. */
export type PlanSettings = Omit<ShopSettings, 'address'>;
export type SettingName = keyof PlanSettings;
export const SETTING_NAMES = Object.keys(SHOP_SETTINGS.omit({ address: true }).shape) as SettingName[];

/**
 * Settings in force: those of the shop, in their place those of its plan, or else the defaults. `access_of` does the same.
 * @throws ZodError when somebody stored what no program writes
 */
export function settingsInForce(ofPlan: object, own: object): ShopSettings {
  return SHOP_SETTINGS.parse({ ...DEFAULTS, ...ofPlan, ...withoutNulls(own) });
}

/** Settings that say something: null stands for none. */
export function withoutNulls(settings: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
}

/** Settings by what the database said: most shops have those of their plan, and they are read with every grant. */
const known = new LRUCache<string, Readonly<ShopSettings>>({ max: 1000 });

/** Reads what `access_of` says about settings. @throws ZodError as `settingsInForce` */
export function readSettings(text: string): Readonly<ShopSettings> {
  let settings = known.get(text);
  if (settings === undefined) {
    settings = Object.freeze(settingsInForce({}, JSON.parse(text) as object));
    known.set(text, settings);
  }
  return settings;
}

/** True for an IANA time zone, also by an old name. No offsets: they know no summer time. */
export function isTimeZone(value: unknown): value is string {
  if (typeof value !== 'string' || !/^[A-Za-z]/.test(value)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== '';
  } catch {
    return false; // RangeError: no such zone
  }
}

/** @returns the BCP 47 tag as it is usually written; undefined if it is none */
export function languageTag(value: unknown): string | undefined {
  try {
    return typeof value === 'string' ? Intl.getCanonicalLocales(value)[0] : undefined;
  } catch {
    return undefined; // RangeError: no well-formed tag
  }
}
