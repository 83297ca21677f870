import { applyDecorators, type ExecutionContext, Inject, Injectable, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { LRUCache } from 'lru-cache';
import { type Times, TIMES } from '../config/times';
import { PublicDatabase } from '../database/control-database';
import type { PlanLimits } from './plan';
import { QuotaExceeded } from './tenancy.errors';
import type { TenantAccess } from './tenant';

const ADDS = 'stoa:adds';
const MIB = 1_048_576;
/** Share of a quota from which on there are warnings, per cent. */
const WARN_FROM = 80;
/** How old a measurement may be, in each process and in the database. */
const MEASURED_MS = 10_000;
const CACHE_ENTRIES = 10_000;

/** OpenAPI extension of a route that adds rows. */
export const ADDS_ROWS = 'x-adds-rows';
/** Header of an answer to a member whose shop has used most of a quota. */
export const QUOTA_WARNING = 'x-quota-warning';

type Adding = (body: unknown) => boolean;

/**
 * Declares that a tenant route adds rows: 403 `QUOTA_EXCEEDED` in a shop that has used up its quota. Leave it out where rows are
 * read, corrected or removed, also by a POST.
 * @param when tells the bodies with which it does, if not all: as they came, before validation
 */
export function Adds(when: Adding = () => true): MethodDecorator {
  return applyDecorators(SetMetadata(ADDS, when), ApiExtension(ADDS_ROWS, true));
}

/** True for a request that adds rows. */
export function isAdding(context: ExecutionContext): boolean {
  const when = Reflect.getMetadata(ADDS, context.getHandler()) as Adding | undefined;
  return when?.(context.switchToHttp().getRequest<{ body?: unknown }>().body) ?? false;
}

/** Rows and size of a shop, measured from statistics. */
export interface Usage {
  rows: number;
  bytes: number;
}

/** Parts of the quotas that are used, in words, for those from `from` per cent on; `rows 83%, storage 90%`. */
function usedParts(
  { rows, bytes }: Usage,
  limits: Pick<PlanLimits, 'rows' | 'storageMiB'>,
  from: number,
): string {
  const parts = { rows: share(rows, limits.rows), storage: share(bytes / MIB, limits.storageMiB) };
  return Object.entries(parts)
    .filter(([, percent]) => percent >= from)
    .map(([name, percent]) => `${name} ${percent}%`)
    .join(', ');
}

/** @returns an empty text below 80 % */
export function quotaWarning(usage: Usage, limits: Pick<PlanLimits, 'rows' | 'storageMiB'>): string {
  return usedParts(usage, limits, WARN_FROM);
}

function share(used: number, limit: number | null | undefined): number {
  return limit === null || limit === undefined ? 0 : Math.floor((used / limit) * 100);
}

/** Holds the quotas of shops against what they use. A shop without quotas is not measured. */
@Injectable()
export class Quotas {
  private readonly used: LRUCache<string, Usage>;

  constructor(database: PublicDatabase, @Inject(TIMES) { usageCacheMs = MEASURED_MS }: Times) {
    this.used = new LRUCache<string, Usage>({
      ...{ max: CACHE_ENTRIES, ttl: usageCacheMs },
      fetchMethod: async (shopId) =>
        (
          await database.read<Usage>('SELECT rows, bytes FROM measure_shop($1, $2)', [shopId, usageCacheMs])
        )[0],
    });
  }

  /**
   * Requires room for more rows.
   * @returns a warning for the answer, which may be empty
   * @throws QuotaExceeded
   */
  async requireRoom({ shopId, allowance: { plan, limits } }: TenantAccess): Promise<string> {
    if (limits.rows === null && limits.storageMiB === null) return '';
    const usage = await this.used.fetch(shopId);
    if (usage === undefined) return ''; // the cache gives up only what it may forget
    const exceeded = usedParts(usage, limits, 100);
    if (exceeded === '') return quotaWarning(usage, limits);
    throw new QuotaExceeded({ detail: `This shop has used up a quota of the plan ${plan}: ${exceeded}.` });
  }
}
