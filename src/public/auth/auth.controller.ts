import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { type Caller, From } from '../../http/caller.decorator';
import { Route } from '../../http/route';
import { NoTenantReady, ShopNotFound, SlugTaken } from '../../tenancy/tenancy.errors';
import type { Principal } from '../../tenancy/tenant';
import { Open } from './access-token.guard';
import {
  DeviceDto,
  LoginDto,
  MeDto,
  PasswordDto,
  RefreshDto,
  RegisterDto,
  ResetPasswordDto,
  SessionDto,
  SignInDto,
  SwitchDto,
} from './auth.dto';
import {
  EmailTaken,
  InvalidCredentials,
  RefreshTokenInvalid,
  ResetTokenInvalid,
  TooManyAttempts,
} from './auth.errors';
import { AuthService } from './auth.service';
import { LoginService } from './login.service';
import { PasswordResetService } from './password-reset.service';
import { SignedIn } from './principal.decorator';

@ApiTags('auth')
@Controller()
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly logins: LoginService,
    private readonly resets: PasswordResetService,
  ) {}

  @Open()
  @Post('auth/register')
  @Route({
    summary: 'Creates an account and, optionally, its first shop',
    status: 201,
    ok: SignInDto,
    errors: [EmailTaken, SlugTaken, NoTenantReady, TooManyAttempts],
  })
  register(@Body() account: RegisterDto, @From() caller: Caller): Promise<SignInDto> {
    return this.auth.register(account, caller);
  }

  @Open()
  @Post('auth/login')
  @Route({
    summary: 'Signs in',
    ok: SignInDto,
    errors: [InvalidCredentials, ShopNotFound, TooManyAttempts],
  })
  login(@Body() credentials: LoginDto, @From() caller: Caller): Promise<SignInDto> {
    return this.logins.login(credentials, caller);
  }

  @Open()
  @Post('auth/refresh')
  @Route({
    summary: 'Exchanges a refresh token for a new pair of tokens',
    ok: SessionDto,
    errors: [RefreshTokenInvalid],
  })
  refresh(@Body() { refreshToken }: RefreshDto, @From() caller: Caller): Promise<SessionDto> {
    return this.auth.refresh(refreshToken, caller);
  }

  @Open()
  @Post('auth/logout')
  @Route({ summary: 'Ends the session of a refresh token', status: 204 })
  logout(@Body() { refreshToken }: RefreshDto): Promise<void> {
    return this.auth.logout(refreshToken);
  }

  @ApiBearerAuth()
  @Post('auth/switch')
  @Route({
    summary: 'Issues tokens of the same session for another of my shops',
    ok: SessionDto,
    errors: [ShopNotFound, RefreshTokenInvalid],
  })
  switchShop(
    @SignedIn() user: Principal,
    @Body() wanted: SwitchDto,
    @From() caller: Caller,
  ): Promise<SessionDto> {
    return this.auth.switchShop(user, wanted, caller);
  }

  @ApiBearerAuth()
  @Post('auth/password')
  @Route({
    summary: 'Changes my password, ends all my sessions and opens a new one',
    ok: SignInDto,
    errors: [InvalidCredentials, TooManyAttempts],
  })
  changePassword(
    @SignedIn() user: Principal,
    @Body() passwords: PasswordDto,
    @From() caller: Caller,
  ): Promise<SignInDto> {
    return this.logins.changePassword(user, passwords, caller);
  }

  @Open()
  @Post('auth/reset-password')
  @Route({
    summary: 'Sets a new password with a token from the operator and ends all sessions of the user',
    ok: DeviceDto,
    errors: [ResetTokenInvalid, TooManyAttempts],
  })
  resetPassword(@Body() reset: ResetPasswordDto, @From() caller: Caller): Promise<DeviceDto> {
    return this.resets.use(reset, caller);
  }

  @ApiBearerAuth()
  @Get('me')
  @Route({ summary: 'Shows my account and my shops', ok: MeDto })
  me(@SignedIn() user: Principal): Promise<MeDto> {
    return this.auth.me(user);
  }
}
