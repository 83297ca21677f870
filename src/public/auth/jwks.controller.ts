import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Route } from '../../http/route';
import { Open } from './access-token.guard';
import { JwksDto, toJwksDto } from './jwks.dto';
import { KeyRing } from './key-ring';

/** Publishes keys for services that verify our access tokens; outside /api/v1, at the path that they expect. */
@ApiTags('auth')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly keys: KeyRing) {}

  @Open()
  @Get('jwks.json')
  @Header('cache-control', 'public, max-age=60')
  @Route({ summary: 'Lists the public keys of access tokens', ok: JwksDto })
  async list(): Promise<JwksDto> {
    return toJwksDto(await this.keys.published());
  }
}
