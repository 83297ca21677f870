import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InvalidCursor, invalidField } from '../../common/common.errors';
import { isId, newId } from '../../common/ids';
import { isUniqueViolation } from '../../common/sqlstate';
import { PublicDatabase } from '../../database/control-database';
import { type Page, type PageQuery, toPage } from '../../http/page';
import { EmailTaken } from '../../public/auth/auth.errors';
import { hashPassword } from '../../public/auth/passwords';
import { type AuditAction, recordAudit } from '../../tenancy/audit-log';
import { type Operator, operatorEvent } from '../../tenancy/operator';
import {
  type CreateOperatorDto,
  type NewOperatorDto,
  type OperatorDto,
  toOperatorDto,
  type UpdateOperatorDto,
} from './accounts.dto';
import { OperatorAccount } from './operator-account.entity';
import { OperatorNotFound, OwnAccount } from './operator.errors';

const ONE_TIME_BYTES = 18;
const ONE_TIME_HOURS = 24;

/** Manages the accounts of operators, for administrators and for commands. Each change is in the audit log, without a shop. */
@Injectable()
export class AccountsService {
  constructor(private readonly database: PublicDatabase) {}

  /** Lists all accounts by id, the oldest first. @throws InvalidCursor */
  async list({ limit, cursor }: PageQuery): Promise<Page<OperatorDto>> {
    if (cursor !== undefined && !isId(cursor)) throw new InvalidCursor();
    const accounts = await this.database.run((manager) => {
      const query = manager
        .createQueryBuilder(OperatorAccount, 'o')
        .orderBy('o.id')
        .limit(limit + 1);
      return (cursor === undefined ? query : query.where('o.id > :cursor', { cursor })).getMany();
    });
    return toPage(accounts, limit, ({ id }) => id, toOperatorDto);
  }

  get(id: string): Promise<OperatorDto> {
    return this.database.run(async (manager) => {
      const account = await manager.findOneBy(OperatorAccount, { id });
      if (account === null) throw new OperatorNotFound();
      return toOperatorDto(account);
    });
  }

  /** Creates an account with a password that its owner has to replace within 24 hours. @throws EmailTaken */
  async create(by: Operator, wanted: CreateOperatorDto): Promise<NewOperatorDto> {
    const oneTimePassword = randomBytes(ONE_TIME_BYTES).toString('base64url');
    const endsAt = new Date(Date.now() + ONE_TIME_HOURS * 3_600_000);
    return { ...(await this.insert(by, wanted, oneTimePassword, endsAt)), oneTimePassword };
  }

  /** Creates an account with a password that its owner has chosen. @throws EmailTaken */
  createWithPassword(by: Operator, wanted: CreateOperatorDto, password: string): Promise<OperatorDto> {
    return this.insert(by, wanted, password, null);
  }

  /** @throws OperatorNotFound, OwnAccount; ValidationFailed without a change */
  update(by: Operator, id: string, { role, name, isDisabled }: UpdateOperatorDto): Promise<OperatorDto> {
    if (role === undefined && name === undefined && isDisabled === undefined)
      throw invalidField('role', 'give a role, a name or isDisabled');
    if (id === by.actorId && (role !== undefined || isDisabled !== undefined)) throw new OwnAccount();
    return this.change(by, { id }, async (manager, account) => {
      const disabledAt = isDisabled ? (account.disabledAt ?? new Date()) : null;
      const next = {
        role: role ?? account.role,
        name: name ?? account.name,
        disabledAt: isDisabled === undefined ? account.disabledAt : disabledAt,
      };
      await manager.update(OperatorAccount, { id }, next);
      if (next.disabledAt !== null) await endSessionsOf(manager, id);
      const changes = {
        ...(role === undefined ? {} : { role }),
        ...(isDisabled === undefined ? {} : { isDisabled: String(isDisabled) }),
      };
      return changes;
    });
  }

  /** Refuses logins and ends the sessions of an account, at once. @throws OperatorNotFound */
  disable(by: Operator, email: string): Promise<OperatorDto> {
    return this.change(by, { email }, async (manager, { id, disabledAt }) => {
      await manager.update(OperatorAccount, { id }, { disabledAt: disabledAt ?? new Date() });
      await endSessionsOf(manager, id);
      return { isDisabled: 'true' };
    });
  }

  /**
   * Forgets the TOTP secret of an account and ends its sessions; an administrator must then set up another. For commands
   * by e-mail address, for administrators by id.
   * @throws OperatorNotFound, OwnAccount
   */
  resetTotp(by: Operator, of: { id: string } | { email: string }): Promise<OperatorDto> {
    if ('id' in of && of.id === by.actorId) throw new OwnAccount();
    return this.change(by, of, async (manager, { id }) => {
      await manager.update(OperatorAccount, { id }, { totpSecret: null, totpConfirmedAt: null });
      await endSessionsOf(manager, id);
      return { totp: 'reset' };
    });
  }

  /** Ends all sessions of an account, at once. @throws OperatorNotFound */
  endSessions(by: Operator, id: string): Promise<OperatorDto> {
    return this.change(by, { id }, async (manager) => {
      await endSessionsOf(manager, id);
      return { sessions: 'ended' };
    });
  }

  private async insert(
    by: Operator,
    { email, role, name = email.split('@')[0]! }: CreateOperatorDto, // a split gives one part at least
    password: string,
    passwordEndsAt: Date | null,
  ): Promise<OperatorDto> {
    const passwordHash = await hashPassword(password);
    const id = newId();
    return this.database.transaction(async (manager) => {
      try {
        await manager.insert(OperatorAccount, { id, email, role, name, passwordHash, passwordEndsAt });
      } catch (error) {
        if (isUniqueViolation(error)) throw new EmailTaken({ cause: error });
        throw error;
      }
      await record(manager, by, 'operator.created', id, { role });
      return toOperatorDto(await manager.findOneByOrFail(OperatorAccount, { id }));
    });
  }

  /** @param change returns the facts for the audit log */
  private change(
    by: Operator,
    of: { id: string } | { email: string },
    change: (manager: EntityManager, account: OperatorAccount) => Promise<Record<string, string>>,
  ): Promise<OperatorDto> {
    return this.database.transaction(async (manager) => {
      const account = await manager.findOne(OperatorAccount, {
        where: of,
        lock: { mode: 'for_no_key_update' },
      });
      if (account === null) throw new OperatorNotFound();
      await record(manager, by, 'operator.changed', account.id, await change(manager, account));
      return toOperatorDto(await manager.findOneByOrFail(OperatorAccount, { id: account.id }));
    });
  }
}

export async function endSessionsOf(manager: EntityManager, operatorId: string): Promise<void> {
  await manager.query('DELETE FROM operator_sessions WHERE operator_id = $1', [operatorId]);
}

function record(
  manager: EntityManager,
  by: Operator,
  action: AuditAction,
  operatorId: string,
  details: Record<string, string>,
): Promise<void> {
  return recordAudit(manager, operatorEvent(by, action, null, { operatorId, ...details }));
}
