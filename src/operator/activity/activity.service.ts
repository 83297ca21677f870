import { Injectable } from '@nestjs/common';
import { ACTIVITY_SECONDS, ShopActivityService } from '../../public/shops/shop-activity.service';
import { LockWaitsService } from '../../public/shops/lock-waits.service';
import { type LockWaitsDto, MOST_WAITS, type TopShopsDto, type TopShopsQuery } from './activity.dto';

/** Reads the present activity of shops. */
@Injectable()
export class ActivityService {
  constructor(
    private readonly shops: ShopActivityService,
    private readonly locks: LockWaitsService,
  ) {}

  async listTop({ sort, limit }: TopShopsQuery): Promise<TopShopsDto> {
    return { seconds: ACTIVITY_SECONDS, items: await this.shops.list(sort, limit) };
  }

  async listLocks(): Promise<LockWaitsDto> {
    return { items: await this.locks.list(MOST_WAITS) };
  }
}
