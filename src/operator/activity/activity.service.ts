import { Injectable } from '@nestjs/common';
import { ACTIVITY_SECONDS, ShopActivityService } from '../../public/shops/shop-activity.service';
import type { TopShopsDto, TopShopsQuery } from './activity.dto';

/** Reads the present activity of shops. */
@Injectable()
export class ActivityService {
  constructor(private readonly shops: ShopActivityService) {}

  async listTop({ sort, limit }: TopShopsQuery): Promise<TopShopsDto> {
    return { seconds: ACTIVITY_SECONDS, items: await this.shops.list(sort, limit) };
  }
}
