import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { InvalidCursor } from '../../common/common.errors';
import { type Page, PageQuery } from '../../http/page';
import { Route } from '../../http/route';
import { IdPipe } from '../../http/validation';
import { EmailTaken } from '../../public/auth/auth.errors';
import type { Operator } from '../../tenancy/operator';
import { CreateOperatorDto, NewOperatorDto, OperatorDto, UpdateOperatorDto } from './accounts.dto';
import { AccountsService } from './accounts.service';
import { OperatorNotFound, OwnAccount } from './operator.errors';
import { Acting, Allows } from './operator-role';

@ApiTags('operators')
@Controller('operators')
export class AccountsController {
  constructor(private readonly accounts: AccountsService) {}

  @Get()
  @Allows('administrator')
  @Route({ summary: 'Lists operators', ok: OperatorDto, list: true, errors: [InvalidCursor] })
  list(@Query() page: PageQuery): Promise<Page<OperatorDto>> {
    return this.accounts.list(page);
  }

  @Post()
  @Allows('administrator')
  @Route({
    summary: 'Creates an operator with a one-time password',
    status: 201,
    ok: NewOperatorDto,
    errors: [EmailTaken],
  })
  create(@Acting() by: Operator, @Body() wanted: CreateOperatorDto): Promise<NewOperatorDto> {
    return this.accounts.create(by, wanted);
  }

  @Get(':id')
  @Allows('administrator')
  @Route({ summary: 'Shows an operator', ok: OperatorDto, errors: [OperatorNotFound] })
  get(@Param('id', IdPipe) id: string): Promise<OperatorDto> {
    return this.accounts.get(id);
  }

  @Patch(':id')
  @Allows('administrator')
  @Route({
    summary: 'Renames an operator, changes the role, disables or enables the account',
    ok: OperatorDto,
    errors: [OperatorNotFound, OwnAccount],
  })
  update(
    @Acting() by: Operator,
    @Param('id', IdPipe) id: string,
    @Body() changes: UpdateOperatorDto,
  ): Promise<OperatorDto> {
    return this.accounts.update(by, id.toLowerCase(), changes);
  }

  @Post(':id/reset-totp')
  @Allows('administrator')
  @Route({
    summary: 'Forgets the TOTP secret of an operator and ends their sessions',
    ok: OperatorDto,
    errors: [OperatorNotFound, OwnAccount],
  })
  resetTotp(@Acting() by: Operator, @Param('id', IdPipe) id: string): Promise<OperatorDto> {
    return this.accounts.resetTotp(by, { id: id.toLowerCase() });
  }

  @Post(':id/end-sessions')
  @Allows('administrator')
  @Route({ summary: 'Ends all sessions of an operator', ok: OperatorDto, errors: [OperatorNotFound] })
  endSessions(@Acting() by: Operator, @Param('id', IdPipe) id: string): Promise<OperatorDto> {
    return this.accounts.endSessions(by, id.toLowerCase());
  }
}
