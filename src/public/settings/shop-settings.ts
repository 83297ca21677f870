import { z } from 'zod';

const text = (max: number) => z.string().min(1).max(max);
const optional = (max: number) => text(max).nullable().default(null);

const ADDRESS = z.object({
  line1: text(200),
  line2: optional(200),
  postalCode: optional(20),
  city: text(100),
  region: optional(100),
});

/**
 * Settings of a shop as they are stored, each with its default. Name and currency are columns of the shop. Answers and requests
 * have the same fields: `SettingsDto`.
 */
export const SHOP_SETTINGS = z.object({
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .nullable()
    .default(null),
  language: text(35).default('en'),
  timeZone: text(64).default('UTC'),
  address: ADDRESS.nullable().default(null),
  orderPrefix: z.string().max(10).default(''),
  taxBasisPoints: z.number().int().min(0).max(10_000).default(0),
  pricesIncludeTax: z.boolean().default(false),
});

export type ShopSettings = z.infer<typeof SHOP_SETTINGS>;

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
