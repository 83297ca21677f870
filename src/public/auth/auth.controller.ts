import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { Route } from '../../common/route';
import { NoTenantReady, ShopNotFound, SlugTaken } from '../../tenancy/tenancy.errors';
import type { Principal } from '../../tenancy/tenant';
import { Open } from './access-token.guard';
import { LoginDto, MeDto, RefreshDto, RegisterDto, SessionDto, SwitchDto } from './auth.dto';
import { EmailTaken, InvalidCredentials, RefreshTokenInvalid } from './auth.errors';
import { AuthService } from './auth.service';
import { SignedIn } from './principal.decorator';

@ApiTags('auth')
@Controller()
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Open()
  @Post('auth/register')
  @Route({
    summary: 'Creates an account and, when asked, its first shop',
    status: 201,
    ok: SessionDto,
    errors: [EmailTaken, SlugTaken, NoTenantReady],
  })
  register(@Body() account: RegisterDto): Promise<SessionDto> {
    return this.auth.register(account);
  }

  @Open()
  @Post('auth/login')
  @Route({ summary: 'Signs in', ok: SessionDto, errors: [InvalidCredentials, ShopNotFound] })
  login(@Body() credentials: LoginDto): Promise<SessionDto> {
    return this.auth.login(credentials);
  }

  @Open()
  @Post('auth/refresh')
  @Route({ summary: 'Trades a refresh token for a new pair', ok: SessionDto, errors: [RefreshTokenInvalid] })
  refresh(@Body() { refreshToken }: RefreshDto): Promise<SessionDto> {
    return this.auth.refresh(refreshToken);
  }

  @Open()
  @Post('auth/logout')
  @Route({ summary: 'Ends the login that a refresh token belongs to', status: 204 })
  logout(@Body() { refreshToken }: RefreshDto): Promise<void> {
    return this.auth.logout(refreshToken);
  }

  @ApiBearerAuth()
  @Post('auth/switch')
  @Route({ summary: 'Tokens for another of my shops', ok: SessionDto, errors: [ShopNotFound] })
  switchShop(@SignedIn() user: Principal, @Body() { shopId }: SwitchDto): Promise<SessionDto> {
    return this.auth.switchShop(user, shopId);
  }

  @ApiBearerAuth()
  @Get('me')
  @Route({ summary: 'Who I am, and my shops', ok: MeDto })
  me(@SignedIn() user: Principal): Promise<MeDto> {
    return this.auth.me(user);
  }
}
