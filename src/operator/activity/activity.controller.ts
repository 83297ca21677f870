import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Route } from '../../http/route';
import { Allows } from '../accounts/operator-role';
import { TopShopsDto, TopShopsQuery } from './activity.dto';
import { ActivityService } from './activity.service';

@ApiTags('activity')
@Controller()
export class ActivityController {
  constructor(private readonly activity: ActivityService) {}

  @Get('shops/top')
  @Allows('viewer')
  @Route({ summary: 'Lists the busiest shops of the last minute, over all processes', ok: TopShopsDto })
  listTop(@Query() query: TopShopsQuery): Promise<TopShopsDto> {
    return this.activity.listTop(query);
  }
}
