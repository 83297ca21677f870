import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { DatabaseUnavailable } from '../../common/common.errors';
import { OneOf } from '../../http/fields';
import { Route } from '../../http/route';
import { PublicDatabase } from '../../database/control-database';
import { Open } from '../auth/access-token.guard';
import { Readiness } from './readiness';

export class HealthDto {
  @OneOf(['ok'])
  status: 'ok';
}

/** Health checks for load balancers and orchestrators. */
@Open()
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly database: PublicDatabase,
    private readonly readiness: Readiness,
  ) {}

  @Get('live')
  @Route({ summary: 'Reports that the process runs', ok: HealthDto })
  live(): HealthDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @Route({
    summary: 'Reports that the process can serve: it does not stop, and the database answers',
    ok: HealthDto,
    errors: [DatabaseUnavailable],
  })
  async ready(): Promise<HealthDto> {
    this.readiness.assert();
    await this.database.read('SELECT 1', []);
    return { status: 'ok' };
  }
}
