import { ParseUUIDPipe, type ValidationError, ValidationPipe } from '@nestjs/common';
import { ValidationFailed } from '../common/common.errors';

interface FieldError {
  field: string;
  message: string;
}

/** Checks every body and query against its DTO; fields that the DTO does not name are refused. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    exceptionFactory: (errors) => {
      const fields = errors.flatMap((error) => flatten(error, ''));
      return new ValidationFailed({ errors: fields, detail: fields.map((f) => f.message).join('; ') });
    },
  });
}

/** For ids in the path: `@Param('id', IdPipe)`. */
export const IdPipe = new ParseUUIDPipe({
  exceptionFactory: () =>
    new ValidationFailed({
      detail: 'The id in the path is not a UUID.',
      errors: [{ field: 'id', message: 'id must be a UUID' }],
    }),
});

function flatten(error: ValidationError, parent: string): FieldError[] {
  const field = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, field))];
}
