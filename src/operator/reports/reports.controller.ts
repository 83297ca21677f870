import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Route } from '../../http/route';
import { type Report, ReportsService } from '../../public/reports/reports.service';
import { Allows } from '../accounts/operator-role';
import { ReportDto, ReportQueryDto } from './reports.dto';

const LINES = 100;

@ApiTags('reports')
@Controller('reports')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Get()
  @Allows('viewer')
  @Route({
    summary: 'Adds up sales, products and size of all shops, as `reports:refresh` last read them',
    ok: ReportDto,
  })
  show(@Query() { limit = LINES, from, to, ...query }: ReportQueryDto): Promise<Report> {
    return this.reports.show({
      ...query,
      limit,
      ...(from && { from: dayOf(from) }),
      ...(to && { to: dayOf(to) }),
    });
  }
}

const dayOf = (moment: string) => moment.slice(0, 10);
