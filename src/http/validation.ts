import { getMetadataStorage } from 'class-validator';
import { ParseUUIDPipe, type ValidationError, ValidationPipe } from '@nestjs/common';
import { invalidFields, ValidationFailed } from '../common/common.errors';
import { assertSafeInput } from './safe-input';

/** Wrong fields that are looked at: each takes a while to explain, and no answer names more. */
const MAX_EXPLAINED = 50;

interface FieldError {
  field: string;
  message: string;
}

/** Validates every body and query by its DTO and refuses fields that the DTO does not have. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    validationError: { target: true, value: true }, // messageOf reads them
    exceptionFactory: (errors) => {
      const some = errors.slice(0, MAX_EXPLAINED);
      return invalidFields(some.flatMap((error) => flatten(error, '')));
    },
  });
}

/** Validates what a command was given by the DTO of a body. @throws ValidationFailed */
export async function validated<T extends object>(dto: new () => T, input: object): Promise<T> {
  assertSafeInput(input, 'input');
  return (await createValidationPipe().transform(input, { type: 'body', metatype: dto })) as T;
}

/** Validates an id in the path: `@Param('id', IdPipe)`. */
export const IdPipe = new ParseUUIDPipe({
  exceptionFactory: () =>
    new ValidationFailed({
      detail: 'The id in the path is not a UUID.',
      errors: [{ field: 'id', message: 'id must be a UUID' }],
    }),
});

function flatten(error: ValidationError, parent: string): FieldError[] {
  const field = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([check, message]) => ({
    field,
    message: messageOf(error, check, message),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, field))];
}

function messageOf({ property, value, target }: ValidationError, check: string, message: string): string {
  if (check === 'whitelistValidation')
    return unknownField(property, target === undefined ? [] : fieldsOf(target));
  return value === undefined ? `${property} is missing` : message;
}

/** Message for a field that a request may not have; names a known one that is spelt with the same letters. */
export function unknownField(field: string, known: readonly string[] = []): string {
  const letters = (name: string) => name.toLowerCase().replaceAll(/[-_]/g, '');
  const meant = known.find((name) => letters(name) === letters(field));
  return `${field} is not taken here` + (meant === undefined ? '' : `; did you mean ${meant}?`);
}

function fieldsOf(target: object): string[] {
  const checks = getMetadataStorage().getTargetValidationMetadatas(target.constructor, '', false, false);
  return checks.map(({ propertyName }) => propertyName);
}
