import { Email, Flag, Id, Name, NeedsAnyOf, OneOf, Text, Time } from '../../http/fields';
import { type OperatorAccount } from './operator-account.entity';
import { OPERATOR_ROLES, type OperatorRole } from './operator-role';

const ROLE = {
  example: 'operator',
  description:
    'Viewers read; operators do the daily work; administrators also delete, replace data and manage operators.',
};

export class CreateOperatorDto {
  @Email({ example: 'grace@example.com' })
  email: string;

  @OneOf(OPERATOR_ROLES, ROLE)
  role: OperatorRole;

  @Name({ optional: true, example: 'Grace Hopper', description: 'Default: the part before the @.' })
  name?: string;
}

/** Longer than that of a member: an operator reaches all shops. */
export const OPERATOR_PASSWORD = { min: 12, max: 200, raw: true, example: 'correct horse battery staple' };

export class OwnPasswordDto {
  @Text(OPERATOR_PASSWORD)
  password: string;
}

@NeedsAnyOf('role', 'name', 'isDisabled')
export class UpdateOperatorDto {
  @OneOf(OPERATOR_ROLES, { ...ROLE, optional: true })
  role?: OperatorRole;

  @Name({ optional: true, example: 'Grace Hopper' })
  name?: string;

  @Flag({ optional: true, description: 'True ends the sessions of the operator and refuses further logins.' })
  isDisabled?: boolean;
}

export class OperatorDto {
  @Id()
  id: string;

  @Email()
  email: string;

  @Text({ max: 120, example: 'Grace Hopper' })
  name: string;

  @OneOf(OPERATOR_ROLES)
  role: OperatorRole;

  @Flag({ description: 'True once a code of TOTP is needed to sign in.' })
  hasTotp: boolean;

  @Time({ nullable: true })
  disabledAt: string | null;

  @Time()
  createdAt: string;
}

export class NewOperatorDto extends OperatorDto {
  @Text({
    max: 100,
    description: 'Valid for 24 hours, to be replaced after the first login. Shown only here.',
  })
  oneTimePassword: string;
}

export function toOperatorDto(account: OperatorAccount): OperatorDto {
  const { id, email, name, role, totpConfirmedAt, disabledAt, createdAt } = account;
  return {
    ...{ id, email, name, role },
    hasTotp: totpConfirmedAt !== null,
    disabledAt: disabledAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}
