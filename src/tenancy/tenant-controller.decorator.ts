import { applyDecorators, Controller, SetMetadata, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiTags } from '@nestjs/swagger';
import { TAKES_KEY } from '../common/idempotency-key';
import { TenantGuard } from './tenant.guard';

/** OpenAPI extension that marks tenant routes. */
export const TENANT_ROUTE = 'x-tenant-route';

/**
 * Controller whose routes all work inside the shop of the access token. Use it instead of `@Controller`. Each POST takes an
 * Idempotency-Key, unless its `@Route` says otherwise.
 */
export function TenantController(path: string): ClassDecorator {
  return applyDecorators(
    Controller(path),
    UseGuards(TenantGuard),
    SetMetadata(TAKES_KEY, true),
    ApiTags(path),
    ApiBearerAuth(),
    ApiExtension(TENANT_ROUTE, true),
  );
}
