import { Get, Param, type StreamableFile } from '@nestjs/common';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { InShop } from '../../tenancy/in-shop.decorator';
import { Needs } from '../../tenancy/member-role';
import type { TenantAccess } from '../../tenancy/tenant';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { OperationDto } from './operations.dto';
import { OperationNotFound } from '../../operations/lifecycle/lifecycle.errors';
import { OperationFileNotFound } from './operations.errors';
import { OperationsService } from './operations.service';

@TenantController('operations')
export class OperationsController {
  constructor(private readonly operations: OperationsService) {}

  @Get(':id')
  @Needs('owner')
  @Route({
    summary: 'Shows an operation that a member asked for',
    ok: OperationDto,
    errors: [OperationNotFound],
  })
  get(@InShop() access: TenantAccess, @Param('id', IdPipe) id: string): Promise<OperationDto> {
    return this.operations.get(access, id);
  }

  @Get(':id/file')
  @Needs('owner')
  @Route({
    summary: 'Downloads the file of an operation',
    file: 'application/zip',
    errors: [OperationNotFound, OperationFileNotFound],
  })
  download(@InShop() access: TenantAccess, @Param('id', IdPipe) id: string): Promise<StreamableFile> {
    return this.operations.download(access, id);
  }
}
