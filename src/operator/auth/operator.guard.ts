import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Unauthenticated } from '../../common/common.errors';
import { OperatorRoleRequired, PasswordChangeRequired, TotpRequired } from '../accounts/operator.errors';
import { accessTo, OPERATOR_ROLES, type OperatorRequest, type OperatorRole } from '../accounts/operator-role';
import { OperatorSessions } from './operator-sessions';

/** Requires a live session of an operator whose account is ready and whose role is high enough, as the route declares. */
@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(private readonly sessions: OperatorSessions) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = accessTo(context);
    if (access === 'everybody') return true;
    const request = context.switchToHttp().getRequest<OperatorRequest>();
    const operator = await this.sessions.use(request.headers.authorization ?? '');
    if (operator === null) throw new Unauthenticated();
    request.operator = operator;
    if (access === 'signed-in') return true;
    if (operator.pending === 'password') throw new PasswordChangeRequired();
    if (operator.pending === 'totp') throw new TotpRequired();
    if (!isAtLeast(operator.role, access))
      throw new OperatorRoleRequired({
        detail: `This needs the role ${access} or a higher one; yours is ${operator.role}.`,
      });
    return true;
  }
}

function isAtLeast(role: OperatorRole, needed: OperatorRole): boolean {
  return OPERATOR_ROLES.indexOf(role) <= OPERATOR_ROLES.indexOf(needed);
}
