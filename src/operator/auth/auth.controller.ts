import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, From } from '../../http/caller.decorator';
import { Route } from '../../http/route';
import { TooManyAttempts } from '../../public/auth/auth.errors';
import type { Operator } from '../../tenancy/operator';
import { OperatorCredentialsInvalid, TotpAlreadySet, TotpCodeWrong } from '../accounts/operator.errors';
import { Acting, Allows, Signed, type SignedInOperator } from '../accounts/operator-role';
import { CodeDto, LoginDto, MeDto, PasswordDto, SessionDto, TotpDto } from './auth.dto';
import { OperatorLoginService } from './operator-login.service';

@ApiTags('auth')
@Controller()
export class AuthController {
  constructor(private readonly logins: OperatorLoginService) {}

  @Post('auth/login')
  @Allows('everybody')
  @Route({ summary: 'Signs in', ok: SessionDto, errors: [OperatorCredentialsInvalid, TooManyAttempts] })
  login(@Body() credentials: LoginDto, @From() caller: Caller): Promise<SessionDto> {
    return this.logins.login(credentials, caller);
  }

  @Post('auth/logout')
  @Allows('signed-in')
  @Route({ summary: 'Ends my session', status: 204 })
  logout(@Signed() operator: SignedInOperator): Promise<void> {
    return this.logins.logout(operator);
  }

  @Post('auth/password')
  @Allows('signed-in')
  @Route({
    summary: 'Changes my password, ends all my sessions and opens a new one',
    ok: SessionDto,
    errors: [OperatorCredentialsInvalid, TooManyAttempts],
  })
  changePassword(
    @Signed() operator: SignedInOperator,
    @Body() passwords: PasswordDto,
    @Acting() by: Operator,
    @From() caller: Caller,
  ): Promise<SessionDto> {
    return this.logins.changePassword(operator, passwords, by, caller);
  }

  @Get('me')
  @Allows('signed-in')
  @Route({ summary: 'Shows my account', ok: MeDto })
  me(@Signed() operator: SignedInOperator): Promise<MeDto> {
    return this.logins.me(operator);
  }

  @Post('me/totp')
  @Allows('signed-in')
  @Route({
    summary: 'Makes a TOTP secret, which counts once it is confirmed',
    status: 201,
    ok: TotpDto,
    errors: [TotpAlreadySet],
  })
  beginTotp(@Signed() operator: SignedInOperator): Promise<TotpDto> {
    return this.logins.beginTotp(operator);
  }

  @Post('me/totp/confirm')
  @Allows('signed-in')
  @Route({
    summary: 'Confirms the secret with a code; logins need one from now on',
    ok: MeDto,
    errors: [TotpAlreadySet, TotpCodeWrong],
  })
  confirmTotp(
    @Signed() operator: SignedInOperator,
    @Body() { code }: CodeDto,
    @Acting() by: Operator,
  ): Promise<MeDto> {
    return this.logins.confirmTotp(operator, code, by);
  }
}
