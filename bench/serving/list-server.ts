import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createPublicKey } from 'node:crypto';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  Module,
  Query,
  Req,
  Scope,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { type Page, toPage } from '../../src/http/page';
import { createValidationPipe } from '../../src/http/validation';
import { ACCESS_TOKEN, type AccessClaims } from '../../src/public/auth/access-token';
import { TenantRequired } from '../../src/tenancy/tenancy.errors';
import { ListProductsQuery, type ProductDto, toProductDto } from '../../src/tenant/products/products.dto';
import { print, start } from '../lib/command';
import { sampleProducts } from './sample';

/**
 * A list of 20 products by Nest: guard, validation, mapping, JSON, and a tenant that is found as ACCESS says; no database.
 * With ADAPTER `express` by Nest's other adapter, which must be installed.
 */
const { ADAPTER, ACCESS, PUBLIC_KEY } = process.env as Record<'ADAPTER' | 'ACCESS' | 'PUBLIC_KEY', string>;

interface ShopRequest {
  headers: { authorization?: string };
  shopId?: string;
}

@Injectable()
class TokenGuard implements CanActivate {
  private readonly known = new Map<string, string>();
  private readonly jwt = new JwtService();
  private readonly publicKey = createPublicKey(PUBLIC_KEY);

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<ShopRequest>();
    const { authorization = '' } = request.headers;
    request.shopId = this.known.get(authorization) ?? this.checked(authorization);
    return true;
  }

  private checked(header: string): string {
    const { shop_id } = this.jwt.verify<AccessClaims>(header.slice('Bearer '.length), {
      algorithms: [ACCESS_TOKEN.algorithm],
      publicKey: this.publicKey as never, // the types do not know KeyObject
    });
    this.known.set(header, shop_id!); // the benchmark's tokens have one
    return shop_id!;
  }
}

/** What `TenantConnection` is in the application: who knows the shop. */
abstract class ShopAccess {
  abstract shopOf(request: ShopRequest): string | undefined;
}

@Injectable({ scope: Scope.REQUEST })
class AccessOfRequest extends ShopAccess {
  constructor(@Inject(REQUEST) private readonly request: ShopRequest) {
    super();
  }

  shopOf(): string | undefined {
    return this.request.shopId;
  }
}

@Injectable()
class AccessByArgument extends ShopAccess {
  shopOf({ shopId }: ShopRequest): string | undefined {
    return shopId;
  }
}

const storage = new AsyncLocalStorage<ShopRequest>();

@Injectable()
class AccessByStorage extends ShopAccess {
  shopOf(): string | undefined {
    return storage.getStore()?.shopId;
  }
}

const ACCESSES: Record<string, Type<ShopAccess>> = {
  request: AccessOfRequest,
  argument: AccessByArgument,
  storage: AccessByStorage,
};

@Injectable()
class ListService {
  private static readonly rows = sampleProducts(21);

  constructor(private readonly access: ShopAccess) {}

  list({ limit }: ListProductsQuery, request: ShopRequest): Page<ProductDto> {
    if (this.access.shopOf(request) === undefined) throw new TenantRequired();
    return toPage(ListService.rows.slice(0, limit + 1), limit, ({ id }) => id, toProductDto);
  }
}

@Controller('products')
class ListController {
  constructor(private readonly products: ListService) {}

  @Get()
  @UseGuards(TokenGuard)
  async list(@Query() query: ListProductsQuery, @Req() request: ShopRequest): Promise<Page<ProductDto>> {
    return this.products.list(query, request);
  }
}

@Controller('cpu')
class CpuController {
  @Get()
  used(): NodeJS.CpuUsage {
    return process.cpuUsage();
  }
}

@Module({
  controllers: [ListController, CpuController],
  providers: [ListService, { provide: ShopAccess, useClass: ACCESSES[ACCESS]! }],
})
class ListModule {}

start(async () => {
  const app =
    ADAPTER === 'fastify'
      ? await NestFactory.create(ListModule, new FastifyAdapter(), { logger: false })
      : await NestFactory.create(ListModule, { logger: false }); // Express is what Nest takes by itself
  if (ADAPTER === 'express without ETag') withoutEtag(app);
  if (ACCESS === 'storage') enterStorage(app);
  app.useGlobalPipes(createValidationPipe());
  await app.listen(0, '127.0.0.1');
  print(`ready on ${await app.getUrl()}`);
  process.once('SIGTERM', () => process.exit(0));
});

/** Express hashes each answer for a header that Fastify does not send. */
function withoutEtag(app: INestApplication): void {
  const express = app.getHttpAdapter().getInstance() as { disable(setting: string): void };
  express.disable('etag');
}

function enterStorage(app: INestApplication): void {
  const fastify = app.getHttpAdapter().getInstance() as FastifyInstance;
  fastify.addHook('onRequest', (request, _reply, done) => storage.run(request, done));
}
