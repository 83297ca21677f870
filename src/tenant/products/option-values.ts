import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy, ValidateIf } from 'class-validator';

const MAX_OPTIONS = 10;
const MAX_LENGTH = 255;

/** Field decorator: an object of option name → value, such as `{ "Size": "Small" }`. */
export function OptionValues({ optional = false } = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      type: 'object',
      additionalProperties: { type: 'string', minLength: 1, maxLength: MAX_LENGTH },
      maxProperties: MAX_OPTIONS,
      selfRequired: !optional,
      example: { Size: 'Small' },
    }),
    Transform(({ value }) => trimmed(value)),
    ValidateBy({
      name: 'optionValues',
      validator: {
        validate: isOptionValues,
        defaultMessage: () => `optionValues must map at most ${MAX_OPTIONS} option names to strings`,
      },
    }),
    ...(optional ? [ValidateIf((_, value) => value !== undefined)] : []),
  );
}

function isOptionValues(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= MAX_OPTIONS && entries.flat().every(isShortText);
}

function isShortText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && value.length <= MAX_LENGTH;
}

function trimmed(value: unknown): unknown {
  if (!isOptionValues(value)) return value;
  const entries = Object.entries(value as Record<string, string>);
  return Object.fromEntries(entries.map(([name, text]) => [name.trim(), text.trim()]));
}
