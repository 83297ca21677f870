import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Unauthenticated } from '../../common/common.errors';
import type { Operator } from '../../tenancy/operator';

/** Roles of operators; each may do all that those after it may (docs/operator-api.md). */
export const OPERATOR_ROLES = ['administrator', 'operator', 'viewer'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/** Callers of a route: everybody, every operator, also one whose account is not ready, or those of a role and above. */
export type Access = 'everybody' | 'signed-in' | OperatorRole;

/** The operator of a request. */
export interface SignedInOperator {
  operatorId: string;
  sessionId: string;
  role: OperatorRole;
  /** Task that comes before all others: to replace a one-time password, or to set up TOTP. */
  pending: 'password' | 'totp' | null;
}

/** The parts of a request that the guard sets and the log reads. */
export type OperatorRequest = FastifyRequest & { operator?: SignedInOperator };

const ACCESS = 'stoa:operator-access';

/** OpenAPI extension that names who may call a route. */
export const ACCESS_TO_ROUTE = 'x-operator-role';

/** Declares who may call a route. A route without it is for administrators. */
export function Allows(access: Access): MethodDecorator {
  return applyDecorators(
    SetMetadata(ACCESS, access),
    ApiExtension(ACCESS_TO_ROUTE, access),
    ...(access === 'everybody' ? [] : [ApiBearerAuth()]),
  );
}

export function accessTo(context: ExecutionContext): Access {
  const declared = Reflect.getMetadata(ACCESS, context.getHandler()) as Access | undefined;
  return declared ?? 'administrator';
}

/** Injects the operator of the request, as its session names them. */
export const Signed = createParamDecorator((_: unknown, context: ExecutionContext): SignedInOperator => {
  const { operator } = context.switchToHttp().getRequest<OperatorRequest>();
  if (operator === undefined) throw new Unauthenticated();
  return operator;
});

/** Injects the operator of the request as the origin of a change, for the audit log. */
export const Acting = createParamDecorator((_: unknown, context: ExecutionContext): Operator => {
  const { id, operator } = context.switchToHttp().getRequest<OperatorRequest>();
  if (operator === undefined) throw new Unauthenticated();
  return { actorId: operator.operatorId, requestId: id, by: 'operator' };
});
