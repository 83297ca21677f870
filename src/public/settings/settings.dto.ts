import { Transform } from 'class-transformer';
import { IsISO31661Alpha2, Matches, ValidateBy } from 'class-validator';
import { Currency, Flag, Id, Name, Nested, Text, Time, Whole } from '../../http/fields';
import { UNCHANGED } from '../../http/read-only';
import { isTimeZone, languageTag } from '../../tenancy/shop-settings';

const OPTIONAL = { optional: true };
const NULLABLE = { optional: true, nullable: true };
const NAME = { max: 120, example: 'Corner Shop' };
const COUNTRY = { min: 2, max: 2, nullable: true, example: 'CH', description: 'ISO 3166-1 alpha-2.' };
const LANGUAGE = { max: 35, example: 'de-CH', description: 'BCP 47.' };
const TIME_ZONE = { max: 64, example: 'Europe/Zurich', description: 'Name in the IANA database.' };
const ADDRESS = { nullable: true, description: 'Without the country, which is a setting of its own.' };
const PREFIX = { min: 0, max: 10, example: 'TH-', description: 'Before the numbers of orders, for people.' };
const TAX = { min: 0, max: 10_000, example: 810, description: 'Rate of tax in hundredths of a per cent.' };
const INCLUDED = { description: 'True if prices of products include the tax.' };

const check = (name: string, message: string, validate: (value: unknown) => boolean) =>
  ValidateBy({ name, validator: { validate, defaultMessage: () => message } });

class AddressDto {
  @Text({ max: 200, example: 'Rosenweg 1' })
  line1: string;

  @Text({ max: 200, ...NULLABLE })
  line2: string | null = null;

  @Text({ max: 20, ...NULLABLE, example: '8001' })
  postalCode: string | null = null;

  @Text({ max: 100, example: 'Zurich' })
  city: string;

  @Text({ max: 100, ...NULLABLE })
  region: string | null = null;
}

export class SettingsDto {
  @Id({ description: 'Id of the shop.' })
  id: string;

  @Text(NAME)
  name: string;

  @Currency({ description: 'Default currency of prices.' })
  currency: string;

  @Text(COUNTRY)
  country: string | null;

  @Text(LANGUAGE)
  language: string;

  @Text(TIME_ZONE)
  timeZone: string;

  @Nested(AddressDto, ADDRESS)
  address: AddressDto | null;

  @Text(PREFIX)
  orderPrefix: string;

  @Whole(TAX)
  taxBasisPoints: number;

  @Flag(INCLUDED)
  pricesIncludeTax: boolean;

  @Time()
  updatedAt: string;
}

/** Settings that a plan may have too. Null takes one away, so that the next applies: of the plan, then the default. */
export class PlanSettingsDto {
  @Transform(({ value }) => (typeof value === 'string' ? value.toUpperCase() : value))
  @Text({ ...COUNTRY, ...NULLABLE })
  @IsISO31661Alpha2({ message: 'country must be an ISO 3166-1 alpha-2 code, such as CH' })
  country?: string | null;

  @Transform(({ value }) => languageTag(value) ?? value)
  @Text({ ...LANGUAGE, ...NULLABLE })
  @check(
    'language',
    'language must be a BCP 47 tag, such as de-CH',
    (value) => languageTag(value) !== undefined,
  )
  language?: string | null;

  @Text({ ...TIME_ZONE, ...NULLABLE })
  @check('timeZone', 'timeZone must be a name of the IANA database, such as Europe/Zurich', isTimeZone)
  timeZone?: string | null;

  @Text({ ...PREFIX, ...NULLABLE })
  @Matches(/^[A-Z0-9-]*$/, { message: 'orderPrefix must be capital letters, digits and hyphens' })
  orderPrefix?: string | null;

  @Whole({ ...TAX, ...NULLABLE })
  taxBasisPoints?: number | null;

  @Flag({ ...INCLUDED, ...NULLABLE })
  pricesIncludeTax?: boolean | null;
}

export class UpdateSettingsDto extends PlanSettingsDto {
  @Name({ ...NAME, ...OPTIONAL })
  name?: string;

  @Currency(OPTIONAL)
  currency?: string;

  @Nested(AddressDto, { ...ADDRESS, ...NULLABLE })
  address?: AddressDto | null;

  @Id(UNCHANGED)
  id?: string;

  @Text({ ...UNCHANGED, max: 30 })
  updatedAt?: string;
}
