import { Inject, Injectable } from '@nestjs/common';
import { invalidField } from '../../common/common.errors';
import type { EntityManager } from 'typeorm';
import { Unauthenticated } from '../../common/common.errors';
import { PublicDatabase } from '../../database/control-database';
import { type Installation, INSTALLATION } from '../../database/installation';
import type { Secrets } from '../../database/secrets';
import type { Caller } from '../../http/caller.decorator';
import { LoginLimits } from '../../public/auth/login-limits';
import { hashPassword, isPassword } from '../../public/auth/passwords';
import { recordAudit } from '../../tenancy/audit-log';
import { type Operator, operatorEvent } from '../../tenancy/operator';
import { toOperatorDto } from '../accounts/accounts.dto';
import { endSessionsOf } from '../accounts/accounts.service';
import { OperatorAccount } from '../accounts/operator-account.entity';
import { OperatorCredentialsInvalid, TotpAlreadySet, TotpCodeWrong } from '../accounts/operator.errors';
import type { SignedInOperator } from '../accounts/operator-role';
import type { LoginDto, MeDto, PasswordDto, SessionDto, TotpDto } from './auth.dto';
import { OperatorSessions, openSession, pendingOf } from './operator-sessions';
import { newTotp, stepOf } from './totp';

/** Keeps the counters of wrong passwords apart from those of users. */
const REALM = 'operators';

/** Sign-in of operators: password, TOTP, sessions. Attempts are limited as those of users are. */
@Injectable()
export class OperatorLoginService {
  private readonly secrets: Secrets;

  constructor(
    private readonly database: PublicDatabase,
    private readonly sessions: OperatorSessions,
    private readonly limits: LoginLimits,
    @Inject(INSTALLATION) { secrets }: Installation,
  ) {
    this.secrets = secrets;
  }

  /**
   * @throws OperatorCredentialsInvalid, the same for an unknown address, a wrong password, and a wrong, used or missing code;
   *   TooManyAttempts
   */
  async login({ email, password, code }: LoginDto, caller: Caller): Promise<SessionDto> {
    const found = await this.database.run((manager) => manager.findOneBy(OperatorAccount, { email }));
    const account = await this.limits.attempt(attemptOf(email, caller), () =>
      this.prove(found, password, code),
    );
    if (account === null) return this.refuse(caller, found);
    return this.database.transaction(async (manager) => {
      await lockUnchanged(manager, account);
      const by: Operator = { actorId: account.id, requestId: caller.requestId, by: 'operator' };
      await recordAudit(manager, operatorEvent(by, 'operator.signed_in', null, { address: caller.address }));
      return toSessionDto(account, await openSession(manager, account.id));
    });
  }

  logout({ sessionId }: SignedInOperator): Promise<void> {
    return this.sessions.end(sessionId);
  }

  me({ operatorId, pending }: SignedInOperator): Promise<MeDto> {
    return this.database.run(async (manager) => ({
      operator: toOperatorDto(await getAccount(manager, operatorId)),
      pending,
    }));
  }

  /** Changes the password, ends all sessions of the operator and opens one. @throws OperatorCredentialsInvalid, TooManyAttempts, ValidationFailed */
  async changePassword(
    { operatorId }: SignedInOperator,
    { currentPassword, newPassword }: PasswordDto,
    by: Operator,
    caller: Caller,
  ): Promise<SessionDto> {
    const found = await this.database.run((manager) => getAccount(manager, operatorId));
    const isRight = await this.limits.attempt(attemptOf(found.email, caller), async () =>
      (await isPassword(currentPassword, found.passwordHash)) ? true : null,
    );
    if (isRight === null) return this.refuse(caller, found);
    if (newPassword === currentPassword) throw invalidField('newPassword', 'newPassword must be a new one');
    const passwordHash = await hashPassword(newPassword);
    return this.database.transaction(async (manager) => {
      await lockUnchanged(manager, found);
      await manager.update(OperatorAccount, { id: operatorId }, { passwordHash, passwordEndsAt: null });
      await endSessionsOf(manager, operatorId);
      await recordAudit(
        manager,
        operatorEvent(by, 'operator.changed', null, { operatorId, password: 'changed' }),
      );
      const account = await getAccount(manager, operatorId);
      return toSessionDto(account, await openSession(manager, operatorId));
    });
  }

  /** Makes a secret, which replaces one that was not confirmed. @throws TotpAlreadySet */
  beginTotp({ operatorId }: SignedInOperator): Promise<TotpDto> {
    return this.database.transaction(async (manager) => {
      const account = await lockAccount(manager, operatorId);
      if (account.totpConfirmedAt !== null) throw new TotpAlreadySet();
      const { secret, url, sealed } = newTotp(operatorId, account.email, this.secrets);
      await manager.update(OperatorAccount, { id: operatorId }, { totpSecret: sealed });
      return { secret, url };
    });
  }

  /** Requires codes of the secret from now on. @throws TotpAlreadySet, TotpCodeWrong */
  confirmTotp({ operatorId }: SignedInOperator, code: string, by: Operator): Promise<MeDto> {
    return this.database.transaction(async (manager) => {
      const account = await lockAccount(manager, operatorId);
      if (account.totpConfirmedAt !== null) throw new TotpAlreadySet();
      const step =
        account.totpSecret === null ? null : stepOf(code, operatorId, account.totpSecret, this.secrets);
      if (step === null) throw new TotpCodeWrong();
      const changes = { totpConfirmedAt: () => 'now()', totpStep: step };
      await manager.update(OperatorAccount, { id: operatorId }, changes);
      await recordAudit(manager, operatorEvent(by, 'operator.enrolled', null));
      const confirmed = await getAccount(manager, operatorId);
      return { operator: toOperatorDto(confirmed), pending: pendingOf(readinessOf(confirmed)) };
    });
  }

  /** Returns the account if everything is right, and uses the code up. */
  private async prove(
    found: OperatorAccount | null,
    password: string,
    code: string | undefined,
  ): Promise<OperatorAccount | null> {
    const isRight = await isPassword(password, found?.passwordHash);
    if (!isRight || found === null || found.disabledAt !== null) return null;
    if (found.passwordEndsAt !== null && found.passwordEndsAt.getTime() <= Date.now()) return null;
    if (found.totpConfirmedAt === null || found.totpSecret === null) return found;
    const step = code === undefined ? null : stepOf(code, found.id, found.totpSecret, this.secrets);
    return step !== null && (await this.useStep(found.id, step)) ? found : null;
  }

  /** Returns false if a code of this step or a later one was accepted before: whoever saw it may not use it again. */
  private useStep(id: string, step: number): Promise<boolean> {
    return this.database.transaction(async (manager) => {
      const [rows] = await manager.query<[unknown[], number]>(
        'UPDATE operators SET totp_step = $2 WHERE id = $1 AND (totp_step IS NULL OR totp_step < $2) RETURNING id',
        [id, step],
      );
      return rows.length > 0;
    });
  }

  private async refuse({ requestId, address }: Caller, found: OperatorAccount | null): Promise<never> {
    const by: Operator = { actorId: found?.id ?? null, requestId, by: 'operator' };
    await this.database.transaction((manager) =>
      recordAudit(manager, operatorEvent(by, 'operator.refused', null, { address })),
    );
    throw new OperatorCredentialsInvalid();
  }
}

function attemptOf(email: string, { address }: Caller) {
  return { realm: REALM, email, address, deviceId: null };
}

async function getAccount(manager: EntityManager, id: string): Promise<OperatorAccount> {
  const account = await manager.findOneBy(OperatorAccount, { id });
  if (account === null) throw new Unauthenticated();
  return account;
}

async function lockAccount(manager: EntityManager, id: string): Promise<OperatorAccount> {
  const account = await manager.findOne(OperatorAccount, {
    where: { id },
    lock: { mode: 'for_no_key_update' },
  });
  if (account === null) throw new Unauthenticated();
  return account;
}

/** Locks the account and requires that password and TOTP are still those that were checked. @throws OperatorCredentialsInvalid */
async function lockUnchanged(manager: EntityManager, checked: OperatorAccount): Promise<void> {
  const now = await lockAccount(manager, checked.id);
  const isSame = now.passwordHash === checked.passwordHash && now.totpSecret === checked.totpSecret;
  if (!isSame || now.disabledAt !== null) throw new OperatorCredentialsInvalid();
}

function readinessOf({ role, passwordEndsAt, totpConfirmedAt }: OperatorAccount) {
  return { role, isOneTime: passwordEndsAt !== null, hasTotp: totpConfirmedAt !== null };
}

function toSessionDto(
  account: OperatorAccount,
  { token, expiresAt }: { token: string; expiresAt: Date },
): SessionDto {
  const pending = pendingOf(readinessOf(account));
  return { token, expiresAt: expiresAt.toISOString(), operator: toOperatorDto(account), pending };
}
