import { Get, Query } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import type { Page } from '../../http/page';
import { Route } from '../../http/route';
import { AuditEntryDto } from '../../public/audit/audit.dto';
import { AuditService } from '../../public/audit/audit.service';
import { InShop } from '../../tenancy/in-shop.decorator';
import { Needs } from '../../tenancy/member-role';
import { FeatureOff } from '../../tenancy/tenancy.errors';
import type { TenantAccess } from '../../tenancy/tenant';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { ChangeDto } from '../../tenant/changes/changes.dto';
import { ChangesService } from '../../tenant/changes/changes.service';
import { AuditQuery, isOfResource } from './audit-query.dto';

/** The audit log of a shop: its entries in `public`, and the changes of the shop's own rows. It is here because it needs both sides. */
@TenantController('audit')
export class AuditController {
  constructor(
    private readonly audit: AuditService,
    private readonly changes: ChangesService,
  ) {}

  @Get()
  @Needs('admin')
  @Route({
    summary: 'Lists the audit log of the shop, or with `resource` the changes of its rows, newest first',
    ok: AuditEntryDto,
    orOk: ChangeDto,
    list: true,
    errors: [InvalidCursor, FeatureOff],
  })
  list(
    @InShop() access: TenantAccess,
    @Query() query: AuditQuery,
  ): Promise<Page<AuditEntryDto> | Page<ChangeDto>> {
    return isOfResource(query) ? this.changes.list(query) : this.audit.list(access, query);
  }
}
