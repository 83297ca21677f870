import { applyDecorators, Controller, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiTags } from '@nestjs/swagger';
import { TenantGuard } from './tenant.guard';

/** OpenAPI extension that marks tenant routes. */
export const TENANT_ROUTE = 'x-tenant-route';

/** Controller whose routes all work inside the shop of the access token. Use it instead of `@Controller`. */
export function TenantController(path: string): ClassDecorator {
  return applyDecorators(
    Controller(path),
    UseGuards(TenantGuard),
    ApiTags(path),
    ApiBearerAuth(),
    ApiExtension(TENANT_ROUTE, true),
  );
}
