import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy, ValidateIf } from 'class-validator';
import { isLonger } from '../common/is-longer';

interface TextMapOptions {
  /** Most entries of the object. */
  entries: number;
  /** Most characters of a value; a name has at most 255. */
  length: number;
  optional?: boolean;
  example?: Record<string, string>;
  description?: string;
}

const NAME_LENGTH = 255;

/**
 * Field decorator: an object whose values are texts, such as `{ "Size": "Small" }`. Names and values are trimmed and stored in
 * NFC, so that texts that look equal are equal. The name `__proto__` is refused.
 */
export function TextMap({ entries, length, optional = false, ...shown }: TextMapOptions): PropertyDecorator {
  const isShort = (text: unknown, max: number) =>
    typeof text === 'string' && text.trim() !== '' && !isLonger(normalized(text), max);
  const isMap = (value: unknown): value is Record<string, string> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const all = Object.entries(value);
    if (all.length > entries || new Set(all.map(([name]) => normalized(name))).size < all.length)
      return false;
    return all.every(
      ([name, text]) => name !== '__proto__' && isShort(name, NAME_LENGTH) && isShort(text, length),
    );
  };
  return applyDecorators(
    ApiProperty({
      type: 'object',
      additionalProperties: { type: 'string', minLength: 1, maxLength: length },
      maxProperties: entries,
      selfRequired: !optional,
      ...shown,
    }),
    Transform(({ value }: { value: unknown }) => {
      if (!isMap(value)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, text]) => [normalized(name), normalized(text)]),
      );
    }),
    ValidateBy({
      name: 'textMap',
      validator: {
        validate: isMap,
        defaultMessage: (args) =>
          `${args?.property ?? 'the field'} must map at most ${entries} distinct names to texts of at most ${length} characters`,
      },
    }),
    ...(optional ? [ValidateIf((_, value) => value !== undefined)] : []),
  );
}

function normalized(text: string): string {
  return text.normalize('NFC').trim();
}
