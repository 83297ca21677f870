import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { InvalidCursor } from '../../common/common.errors';
import type { Page } from '../../http/page';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import {
  OperationEnded,
  OperationInProgress,
  OperationNotFound,
  OperationNotRetriable,
} from '../../operations/lifecycle/lifecycle.errors';
import type { Operator } from '../../tenancy/operator';
import { ShopNotFound } from '../../tenancy/tenancy.errors';
import { Acting, Allows } from '../accounts/operator-role';
import { ConfirmationWrong, ConfirmDto, NamedShop } from '../shops/shop-name';
import { BackupNotFound, BackupsService } from './backups.service';
import {
  BackupDto,
  ListBackupsQuery,
  ListOperationsQuery,
  OperationDto,
  RestoreAsDto,
  RestoreOverDto,
} from './operations.dto';
import { OperationsService } from './operations.service';
import { RequestsService } from './requests.service';

@ApiTags('operations')
@Controller()
export class OperationsController {
  constructor(
    private readonly operations: OperationsService,
    private readonly requests: RequestsService,
    private readonly backups: BackupsService,
  ) {}

  @Get('operations')
  @Allows('viewer')
  @Route({ summary: 'Lists operations, newest first', ok: OperationDto, list: true, errors: [InvalidCursor] })
  list(@Query() query: ListOperationsQuery): Promise<Page<OperationDto>> {
    return this.operations.list(query);
  }

  @Get('operations/:id')
  @Allows('viewer')
  @Route({ summary: 'Shows an operation', ok: OperationDto, errors: [OperationNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<OperationDto> {
    return this.operations.get(id);
  }

  @Post('operations/:id/cancel')
  @Allows('operator')
  @Route({
    summary: 'Asks for the end of an operation, whose runner undoes what it has begun',
    status: 202,
    ok: OperationDto,
    errors: [OperationNotFound, OperationEnded],
  })
  cancel(@Acting() by: Operator, @Param('id', IdPipe) id: string): Promise<OperationDto> {
    return this.operations.cancel(by, id);
  }

  @Post('operations/:id/retry')
  @Allows('operator')
  @Route({
    summary: 'Returns an operation to the queue that failed, was cancelled or lost its runner',
    status: 202,
    ok: OperationDto,
    errors: [OperationNotFound, OperationNotRetriable, OperationInProgress],
  })
  retry(@Acting() by: Operator, @Param('id', IdPipe) id: string): Promise<OperationDto> {
    return this.operations.retry(by, id);
  }

  @Get('backups')
  @Allows('viewer')
  @Route({ summary: 'Lists backups, newest first', ok: BackupDto, list: true, errors: [InvalidCursor] })
  listBackups(@Query() query: ListBackupsQuery): Promise<Page<BackupDto>> {
    return this.backups.list(query);
  }

  @Post('shops/:shop/backup')
  @Allows('operator')
  @Route({
    summary: 'Queues a backup of a shop',
    status: 202,
    ok: OperationDto,
    errors: [ShopNotFound],
  })
  backUp(@Acting() by: Operator, @NamedShop() shop: string): Promise<OperationDto> {
    return this.requests.backUp(by, shop);
  }

  @Post('backups/:id/restore')
  @Allows('operator')
  @Route({
    summary: 'Queues the restore of a backup as a new shop',
    status: 202,
    ok: OperationDto,
    errors: [BackupNotFound],
  })
  restoreAs(
    @Acting() by: Operator,
    @Param('id', IdPipe) id: string,
    @Body() wanted: RestoreAsDto,
  ): Promise<OperationDto> {
    return this.requests.restoreAs(by, id, wanted);
  }

  @Post('shops/:shop/restore')
  @Allows('administrator')
  @Route({
    summary: 'Queues the restore of a backup over its shop; undo-restore brings the data back',
    status: 202,
    ok: OperationDto,
    errors: [ShopNotFound, ConfirmationWrong, BackupNotFound, OperationInProgress],
  })
  restoreOver(
    @Acting() by: Operator,
    @NamedShop() shop: string,
    @Body() wanted: RestoreOverDto,
  ): Promise<OperationDto> {
    return this.requests.restoreOver(by, shop, wanted);
  }

  @Post('shops/:shop/undo-restore')
  @Allows('administrator')
  @Route({
    summary: 'Queues the exchange of the data of a shop with those that its last restore replaced',
    status: 202,
    ok: OperationDto,
    errors: [ShopNotFound, ConfirmationWrong, OperationInProgress],
  })
  undoRestore(
    @Acting() by: Operator,
    @NamedShop() shop: string,
    @Body() confirmation: ConfirmDto,
  ): Promise<OperationDto> {
    return this.requests.undoRestore(by, shop, confirmation);
  }
}
