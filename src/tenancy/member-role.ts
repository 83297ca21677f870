import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { OwnerRequired, RoleRequired } from './tenancy.errors';
import { MEMBER_ROLES, type MemberRole } from './tenant';

const NEEDED = 'stoa:role';

/** OpenAPI extension that names the least role of a route. */
export const ROLE_OF_ROUTE = 'x-role';

/**
 * Declares the least role that may use a route. Tenant routes without it need `read_only` to read and `staff` to do anything
 * else. TenantGuard checks it on tenant routes; a service checks it on `shops/:id` routes, which belong to no tenant.
 */
export function Needs(role: MemberRole): MethodDecorator {
  return applyDecorators(SetMetadata(NEEDED, role), ApiExtension(ROLE_OF_ROUTE, role));
}

/** Least role for a method without a declaration. */
export function usualRole(method: string): MemberRole {
  return ['GET', 'HEAD'].includes(method.toUpperCase()) ? 'read_only' : 'staff';
}

/** Least role of the route that is called. */
export function neededRole(context: ExecutionContext): MemberRole {
  const declared = Reflect.getMetadata(NEEDED, context.getHandler()) as MemberRole | undefined;
  return declared ?? usualRole(context.switchToHttp().getRequest<{ method: string }>().method);
}

/** Route parameter with the least role of the route, for a service to check. */
export const NeededRole = createParamDecorator((_: unknown, context: ExecutionContext): MemberRole =>
  neededRole(context),
);

export function hasRole(role: MemberRole, needed: MemberRole): boolean {
  return MEMBER_ROLES.indexOf(role) <= MEMBER_ROLES.indexOf(needed);
}

/** @throws RoleRequired, or OwnerRequired if only owners may */
export function requireRole(role: MemberRole, needed: MemberRole): void {
  if (hasRole(role, needed)) return;
  if (needed === 'owner') throw new OwnerRequired();
  throw new RoleRequired({ detail: `This needs the role ${needed} or a higher one; yours is ${role}.` });
}
