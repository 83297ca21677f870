import { z } from 'zod';
import { hasControls } from '../../../common/safe-text';
import { FEATURES, OWN_LIMITS } from '../../../tenancy/plan';
import { SHOP_SETTINGS } from '../../../tenancy/shop-settings';
import { MEMBER_ROLES, SHOP_STATUSES } from '../../../tenancy/tenant';

/** Changes when an older program could not read the file. */
export const FORMAT = 1;

const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !hasControls(value));

/** Refuses what no backup of ours has, before it gets into `public` or stops a heartbeat: a file may come from anybody. */
export const headerSchema = z.object({
  format: z.literal(FORMAT),
  program: z.string(),
  shop: z.object({
    id: z.uuid(),
    slug: text(200),
    name: text(1000).min(1),
    currency: z.string().regex(/^[A-Z]{3}$/),
    status: z.enum(SHOP_STATUSES),
    createdAt: z.string(),
    settings: SHOP_SETTINGS.partial().optional(),
    plan: text(31).optional(),
    limits: OWN_LIMITS.optional(),
    features: FEATURES.optional(),
  }),
  members: z
    .array(
      z.object({
        id: z.uuid(),
        email: text(320).regex(/.@./).toLowerCase(),
        name: text(1000),
        role: z.enum(MEMBER_ROLES),
      }),
    )
    .refine((members) => areDistinct(members.map(({ email }) => email))),
  history: z
    .array(z.object({ version: z.int().min(0), name: z.string(), checksum: z.string() }))
    .min(1)
    .refine((all) => all.every(({ version }, i) => i === 0 || all[i - 1]!.version < version)), // i is above 0
  snapshotAt: z.iso.datetime(),
  estimatedBytes: z.number().min(0).max(Number.MAX_SAFE_INTEGER),
  tables: z
    .array(z.object({ name: z.string(), columns: z.array(z.string()), refersTo: z.array(z.string()) }))
    .refine((tables) => areDistinct(tables.map(({ name }) => name))),
});

function areDistinct(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

export const manifestSchema = z.object({
  tables: z.record(z.string(), z.object({ rows: z.number(), bytes: z.number(), sha256: z.string() })),
  rows: z.number(),
  bytes: z.number(),
});
