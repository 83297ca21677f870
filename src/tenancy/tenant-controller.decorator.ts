import { applyDecorators, Controller, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiTags } from '@nestjs/swagger';
import { TenantGuard } from './tenant.guard';

/** Marks tenant routes in the OpenAPI document. */
export const TENANT_ROUTE = 'x-tenant-route';

/** A controller whose every route works inside the shop of the access token. Use it instead of `@Controller`. */
export function TenantController(path: string): ClassDecorator {
  return applyDecorators(
    Controller(path),
    UseGuards(TenantGuard),
    ApiTags(path),
    ApiBearerAuth(),
    ApiExtension(TENANT_ROUTE, true),
  );
}
