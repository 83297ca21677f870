import { Get, Param, Post, Query, type StreamableFile } from '@nestjs/common';
import { InvalidCursor } from '../../common/common.errors';
import { type Caller, From } from '../../http/caller.decorator';
import type { Page } from '../../http/page';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { InShop } from '../../tenancy/in-shop.decorator';
import { Keyed, KeyedTransaction } from '../../tenancy/keyed.decorator';
import { Needs } from '../../tenancy/member-role';
import type { TenantAccess } from '../../tenancy/tenant';
import { TenantController } from '../../tenancy/tenant-controller.decorator';
import { ListOperationsQuery, OperationDto, OperationItemDto } from './operations.dto';
import { OperationEnded, OperationNotFound } from '../../operations/lifecycle/lifecycle.errors';
import { OwnerRequired } from '../../tenancy/tenancy.errors';
import { OperationFileNotFound } from './operations.errors';
import { OperationsService } from './operations.service';

@TenantController('operations')
export class OperationsController {
  constructor(private readonly operations: OperationsService) {}

  @Get()
  @Needs('staff')
  @Route({
    summary: 'Lists the operations that members asked for, newest first; exports only for owners',
    ok: OperationItemDto,
    list: true,
    errors: [InvalidCursor],
  })
  list(@InShop() access: TenantAccess, @Query() query: ListOperationsQuery): Promise<Page<OperationItemDto>> {
    return this.operations.list(access, query);
  }

  @Get(':id')
  @Needs('staff')
  @Route({
    summary: 'Shows an operation that a member asked for',
    ok: OperationDto,
    errors: [OperationNotFound, OwnerRequired],
  })
  get(@InShop() access: TenantAccess, @Param('id', IdPipe) id: string): Promise<OperationDto> {
    return this.operations.get(access, id);
  }

  @Post(':id/cancel')
  @Needs('staff')
  @Route({
    summary: 'Asks for the end of an operation; what it has begun is undone',
    ok: OperationDto,
    errors: [OperationNotFound, OperationEnded, OwnerRequired],
  })
  cancel(
    @InShop() access: TenantAccess,
    @From() caller: Caller,
    @Keyed() keyed: KeyedTransaction,
    @Param('id', IdPipe) id: string,
  ): Promise<OperationDto> {
    return this.operations.cancel(access, caller, keyed, id);
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
