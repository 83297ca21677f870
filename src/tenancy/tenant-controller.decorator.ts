import { applyDecorators, Controller, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { TenantGuard } from './tenant.guard';

/** A controller whose every route works inside the shop of the access token. Use it instead of `@Controller`. */
export function TenantController(path: string): ClassDecorator {
  return applyDecorators(Controller(path), UseGuards(TenantGuard), ApiTags(path), ApiBearerAuth());
}
