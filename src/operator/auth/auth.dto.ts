import { Matches } from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { Email, Nested, Text, Time } from '../../http/fields';
import { OPERATOR_PASSWORD, OperatorDto } from '../accounts/accounts.dto';

const PASSWORD = { ...OPERATOR_PASSWORD, min: 1 };

function Code(optional: boolean): PropertyDecorator {
  return applyDecorators(
    Text({ min: 6, max: 6, optional, example: '123456', description: 'Code that the TOTP app shows.' }),
    Matches(/^\d{6}$/, { message: 'code must be six digits' }),
  );
}

export class LoginDto {
  @Email()
  email: string;

  @Text(PASSWORD)
  password: string;

  @Code(true)
  code?: string;
}

export class PasswordDto {
  @Text(PASSWORD)
  currentPassword: string;

  @Text(OPERATOR_PASSWORD)
  newPassword: string;
}

export class CodeDto {
  @Code(false)
  code: string;
}

export class TotpDto {
  @Text({ max: 100, example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', description: 'Base32, to be typed.' })
  secret: string;

  @Text({ max: 500, description: 'The same as otpauth://, for a QR code.' })
  url: string;
}

export class SessionDto {
  @Text({ max: 100, description: 'For `Authorization: Bearer …`. Opens nothing of the API of shops.' })
  token: string;

  @Time({ description: 'End without a further request; each request moves it.' })
  expiresAt: string;

  @Nested(OperatorDto)
  operator: OperatorDto;

  @Text({
    max: 10,
    nullable: true,
    example: null,
    description: '`password` or `totp`: what has to be done before anything else. Null: nothing.',
  })
  pending: 'password' | 'totp' | null;
}

export class MeDto {
  @Nested(OperatorDto)
  operator: OperatorDto;

  @Text({ max: 10, nullable: true, example: null })
  pending: 'password' | 'totp' | null;
}
