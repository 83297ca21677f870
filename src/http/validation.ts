import { ParseUUIDPipe, type ValidationError, ValidationPipe } from '@nestjs/common';
import { ValidationFailed } from '../common/common.errors';

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
    exceptionFactory: (errors) => {
      const fields = errors.flatMap((error) => flatten(error, ''));
      return new ValidationFailed({ errors: fields, detail: fields.map((f) => f.message).join('; ') });
    },
  });
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
  const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, field))];
}
