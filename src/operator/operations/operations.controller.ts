import { Body, Controller, Get, Param, Post, Query, type StreamableFile } from '@nestjs/common';
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
import { OperationFileNotFound } from '../../public/operations/operations.errors';
import { ShopNotFound, SlugTaken } from '../../tenancy/tenancy.errors';
import { Acting, Allows, Signed, type SignedInOperator } from '../accounts/operator-role';
import { ConfirmationWrong, ConfirmDto, NamedShop } from '../shops/shop-name';
import { BackupNotFound, BackupsService } from './backups.service';
import {
  BackupDto,
  CloneDto,
  ListBackupsQuery,
  ListOperationsQuery,
  OperationDto,
  PurgeDto,
  RehearseDto,
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

  @Get('operations/:id/file')
  @Allows('operator')
  @Route({
    summary: 'Downloads the file of an export',
    file: 'application/zip',
    errors: [OperationNotFound, OperationFileNotFound],
  })
  download(@Acting() by: Operator, @Param('id', IdPipe) id: string): Promise<StreamableFile> {
    return this.operations.download(by, id);
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
  retry(
    @Acting() by: Operator,
    @Signed() { role }: SignedInOperator,
    @Param('id', IdPipe) id: string,
  ): Promise<OperationDto> {
    return this.operations.retry(by, role, id);
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
    errors: [BackupNotFound, SlugTaken],
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

  @Post('shops/:shop/clone')
  @Allows('operator')
  @Route({
    summary: 'Queues a new shop with the data that a shop has now',
    status: 202,
    ok: OperationDto,
    errors: [ShopNotFound, SlugTaken],
  })
  clone(@Acting() by: Operator, @NamedShop() shop: string, @Body() wanted: CloneDto): Promise<OperationDto> {
    return this.requests.clone(by, shop, wanted);
  }

  @Post('shops/:shop/export')
  @Allows('operator')
  @Route({
    summary: 'Queues an export of everything of a shop, which can be downloaded for 7 days',
    status: 202,
    ok: OperationDto,
    errors: [ShopNotFound, OperationInProgress],
  })
  export(@Acting() by: Operator, @NamedShop() shop: string): Promise<OperationDto> {
    return this.requests.export(by, shop);
  }

  @Post('shops/:shop/purge')
  @Allows('administrator')
  @Route({
    summary: 'Deletes a shop and queues the removal of its data and its backups for good',
    status: 202,
    ok: OperationDto,
    errors: [ShopNotFound, ConfirmationWrong, OperationInProgress],
  })
  purge(@Acting() by: Operator, @NamedShop() shop: string, @Body() wanted: PurgeDto): Promise<OperationDto> {
    return this.requests.purge(by, shop, wanted);
  }

  @Post('backups/:id/verify')
  @Allows('operator')
  @Route({
    summary: 'Queues the check of a whole backup file; the operation fails if it cannot be restored',
    status: 202,
    ok: OperationDto,
    errors: [BackupNotFound],
  })
  verifyBackup(@Acting() by: Operator, @Param('id', IdPipe) id: string): Promise<OperationDto> {
    return this.requests.verifyBackup(by, id);
  }

  @Post('backups/rehearse')
  @Allows('operator')
  @Route({
    summary: 'Queues a rehearsal: the newest backups are restored as scratch shops, inspected and removed',
    status: 202,
    ok: OperationDto,
  })
  rehearse(@Acting() by: Operator, @Body() wanted: RehearseDto): Promise<OperationDto> {
    return this.requests.rehearse(by, wanted);
  }
}
