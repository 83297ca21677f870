import { Get, Query } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import type { Page } from '../../http/page';
import { Route } from '../../http/route';
import { InShop } from '../../tenancy/in-shop.decorator';
import { Needs } from '../../tenancy/member-role';
import type { TenantAccess } from '../../tenancy/tenant';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { AuditEntryDto, ListAuditQuery } from './audit.dto';
import { AuditService } from './audit.service';

@TenantController('audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @Needs('admin')
  @Route({
    summary: 'Lists the audit log of the shop, newest first',
    ok: AuditEntryDto,
    list: true,
    errors: [InvalidCursor],
  })
  list(@InShop() access: TenantAccess, @Query() query: ListAuditQuery): Promise<Page<AuditEntryDto>> {
    return this.audit.list(access, query);
  }
}
