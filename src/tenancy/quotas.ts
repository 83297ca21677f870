import { applyDecorators, type ExecutionContext, Inject, Injectable, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { LRUCache } from 'lru-cache';
import { type Times, TIMES } from '../config/times';
import { PublicDatabase } from '../database/control-database';
import type { PlanLimits } from './plan';
import { QuotaExceeded } from './tenancy.errors';
import { countedSize, StoredImages } from './stored-images';
import type { TenantAccess } from './tenant';

const ADDS = 'stoa:adds';
const MIB = 1_048_576;
/** Share of a quota from which on there are warnings, per cent. */
const WARN_FROM = 80;
/** How old a measurement may be, in each process and in the database. */
const MEASURED_MS = 10_000;
/** Factor by which it may be older in a process, while what was added since cannot have used half of the room that was left. */
const LONGER = 60;
/** Most that one request adds that is no import: a product of 2,048 variants, each with a row of the ledger, and their indexes. */
const MOST = { rows: 5000, bytes: 8 * MIB };
const CACHE_ENTRIES = 10_000;

/** OpenAPI extension of a route that adds rows. */
export const ADDS_ROWS = 'x-adds-rows';
/** Header of an answer to a member whose shop has used most of a quota. */
export const QUOTA_WARNING = 'x-quota-warning';

/** Additions of a route: some rows, rows without a bound, or rows with stored images. */
export type Additions = 'rows' | 'many' | 'images';
type Adding = (body: unknown) => boolean;

/**
 * Declares that a tenant route adds rows: 403 `QUOTA_EXCEEDED` in a shop that has used up its quota. Leave it out where rows are
 * read, corrected or removed, also by a POST.
 * @param additions tells instead the bodies with which it adds rows, if not all: as they came, before validation
 */
export function Adds(additions: Additions | Adding = 'rows'): MethodDecorator {
  return applyDecorators(SetMetadata(ADDS, additions), ApiExtension(ADDS_ROWS, true));
}

/** @returns undefined for a request that adds nothing */
export function additionsOf(context: ExecutionContext): Additions | undefined {
  const additions = Reflect.getMetadata(ADDS, context.getHandler()) as Additions | Adding | undefined;
  if (typeof additions !== 'function') return additions;
  return additions(context.switchToHttp().getRequest<{ body?: unknown }>().body) ? 'rows' : undefined;
}

/** Rows and size of a shop, measured from statistics. */
export interface Usage {
  rows: number;
  bytes: number;
}

/** A measurement, and the requests of this process that have added something since. */
interface Measured extends Usage {
  at: number;
  additions: number;
}

/** Shares of quotas that are used, per cent. */
type Shares = Partial<Record<'rows' | 'storage' | 'files', number>>;

function sharesOf({ rows, bytes }: Usage, limits: Pick<PlanLimits, 'rows' | 'storageMiB'>): Shares {
  return { rows: share(rows, limits.rows), storage: share(bytes / MIB, limits.storageMiB) };
}

/** Shares from `from` per cent on, in words: `rows 83%, storage 90%`. */
function inWords(shares: Shares, from: number): string {
  return Object.entries(shares)
    .filter(([, percent]) => percent >= from)
    .map(([name, percent]) => `${name} ${percent}%`)
    .join(', ');
}

/** @returns an empty text below 80 % */
export function quotaWarning(usage: Usage, limits: Pick<PlanLimits, 'rows' | 'storageMiB'>): string {
  return inWords(sharesOf(usage, limits), WARN_FROM);
}

function share(used: number, limit: number | null | undefined): number {
  return limit === null || limit === undefined ? 0 : Math.floor((used / limit) * 100);
}

/** Holds the quotas of shops against what they use. A shop without quotas is not measured. */
@Injectable()
export class Quotas {
  private readonly used: LRUCache<string, Measured>;
  private readonly measuredMs: number;

  constructor(
    database: PublicDatabase,
    private readonly images: StoredImages,
    @Inject(TIMES) times: Times,
  ) {
    this.measuredMs = times.usageCacheMs ?? MEASURED_MS;
    const sql = 'SELECT rows, bytes FROM measure_shop($1, $2)';
    this.used = new LRUCache<string, Measured>({
      ...{ max: CACHE_ENTRIES, ttl: LONGER * this.measuredMs },
      fetchMethod: async (shopId) => {
        const at = performance.now();
        const [usage] = await database.read<Usage>(sql, [shopId, this.measuredMs]);
        return usage && { ...usage, at, additions: 0 };
      },
    });
  }

  /**
   * Requires room for more rows, and for more images where they are added.
   * @returns a warning for the answer, which may be empty
   * @throws QuotaExceeded; FilesUnavailable for images
   */
  async requireRoom(access: TenantAccess, additions: Additions = 'rows'): Promise<string> {
    const shares = await this.sharesOf(access, additions);
    if (additions === 'images') shares.files = await this.imageShare(access);
    const exceeded = inWords(shares, 100);
    if (exceeded === '') return inWords(shares, WARN_FROM);
    throw new QuotaExceeded({ detail: `This shop has used up a quota: ${exceeded}.` });
  }

  /**
   * Counts an image before it is written, so that several at once do not go beyond the quota together.
   * @returns takes it back, if it is not stored after all
   * @throws QuotaExceeded, FilesUnavailable
   */
  async countImage(access: TenantAccess, bytes: number): Promise<() => void> {
    const { limits } = access.allowance;
    if (limits.filesMiB === null) return () => {};
    const stored = await this.images.sizeOf(access);
    const after = stored.bytes + countedSize(bytes);
    if (after > limits.filesMiB * MIB) {
      const files = share(after / MIB, limits.filesMiB);
      throw new QuotaExceeded({
        detail: `With this file, a quota is used up: files ${files}%.`,
      });
    }
    stored.bytes = after;
    return () => void (stored.bytes -= countedSize(bytes));
  }

  private async sharesOf(
    { shopId, allowance: { limits } }: TenantAccess,
    additions: Additions,
  ): Promise<Shares> {
    if (limits.rows === null && limits.storageMiB === null) return {};
    const known = this.used.get(shopId);
    const forceRefresh = known !== undefined && this.isOld(known, limits, additions);
    const usage = await this.used.fetch(shopId, { forceRefresh });
    if (usage === undefined) return {}; // the cache gives up only what it may forget
    usage.additions += additions === 'many' ? Infinity : 1;
    return sharesOf(usage, limits);
  }

  /** True if a measurement no longer tells whether there is room. */
  private isOld({ rows, bytes, at, additions }: Measured, limits: PlanLimits, wanted: Additions): boolean {
    if (performance.now() - at < this.measuredMs) return false;
    if (wanted === 'many') return true;
    const room = Math.min(
      ((limits.rows ?? Infinity) - rows) / MOST.rows,
      ((limits.storageMiB ?? Infinity) * MIB - bytes) / MOST.bytes,
    );
    return additions >= room / 2;
  }

  private async imageShare(access: TenantAccess): Promise<number> {
    const { filesMiB } = access.allowance.limits;
    return filesMiB === null ? 0 : share((await this.images.sizeOf(access)).bytes / MIB, filesMiB);
  }
}
