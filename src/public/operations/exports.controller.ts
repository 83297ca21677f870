import { Post } from '@nestjs/common';
import { Route } from '../../http/route';
import { OperationInProgress } from '../../operations/lifecycle/lifecycle.errors';
import { InShop } from '../../tenancy/in-shop.decorator';
import { Keyed, KeyedTransaction } from '../../tenancy/keyed.decorator';
import { Needs } from '../../tenancy/member-role';
import type { TenantAccess } from '../../tenancy/tenant';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { OperationDto } from './operations.dto';
import { OperationsService } from './operations.service';

@TenantController('exports')
export class ExportsController {
  constructor(private readonly operations: OperationsService) {}

  @Post()
  @Needs('owner')
  @Route({
    summary: 'Asks for an export of everything of the shop; the operation shows when it can be downloaded',
    status: 202,
    ok: OperationDto,
    errors: [OperationInProgress],
  })
  create(@InShop() access: TenantAccess, @Keyed() keyed: KeyedTransaction): Promise<OperationDto> {
    return this.operations.export(access, keyed);
  }
}
