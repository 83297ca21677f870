import type { Separator } from '../../common/csv-records';
import { type Encoding, ENCODINGS } from '../../common/text-encoding';
import { Currency, Flag, Id, ListOf, Nested, OneOf, Text, Texts, Time, Whole } from '../../http/fields';
import type { Import } from './imports/import.entity';

export const IMPORT_MODES = ['atomic', 'skip'] as const;
export type ImportMode = (typeof IMPORT_MODES)[number];

/** Maximum of problems listed in one answer; the counts include all. */
export const MAX_LISTED_PROBLEMS = 1000;

/** Separators by the names that a client gives them. */
export const SEPARATOR_NAMES = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } satisfies Record<
  string,
  Separator
>;
export type SeparatorName = keyof typeof SEPARATOR_NAMES;

/** Maximum of changes listed in one answer. */
export const MAX_LISTED_CHANGES = 1000;

const COUNT = { min: 0, max: Number.MAX_SAFE_INTEGER };

export class ImportQuery {
  @OneOf(IMPORT_MODES, {
    optional: true,
    description:
      'atomic (default): one bad row and nothing is stored. skip: bad rows are left out and named.',
  })
  mode: ImportMode = 'atomic';

  @Currency({
    optional: true,
    description: 'Currency of products that name none; default: that of the shop.',
  })
  currency?: string;

  @OneOf(ENCODINGS, { optional: true, description: 'Default: found out, and named in the answer.' })
  encoding?: Encoding;

  @OneOf(Object.keys(SEPARATOR_NAMES), {
    optional: true,
    description: 'Default: found out from the header, and named in the answer.',
  })
  separator?: SeparatorName;

  @OneOf(['point', 'comma'], { optional: true, description: 'Decimal sign of the numbers; default point.' })
  decimal: 'point' | 'comma' = 'point';

  @OneOf(['true', 'false'], {
    optional: true,
    description: 'If true, nothing is stored, and the answer says what would be.',
  })
  'dry-run': 'true' | 'false' = 'false';
}

export function toImportOptions({ 'dry-run': dryRun, ...query }: ImportQuery): ImportOptions {
  return { ...query, isDryRun: dryRun === 'true' };
}

export interface ImportOptions {
  mode: ImportMode;
  /** ISO 4217, for products that do not name theirs; default: that of the shop. */
  currency?: string;
  /** Default: found out from the file. */
  encoding?: Encoding;
  separator?: SeparatorName;
  decimal?: 'point' | 'comma';
  /** Stores nothing and reports what would be stored. */
  isDryRun?: boolean;
  /** Called after each batch with the number of rows read, and that of the file. */
  onProgress?: (rows: number, total: number) => void;
}

export class RowProblemDto {
  @Whole({ min: 1, max: Number.MAX_SAFE_INTEGER, description: 'Line of the file where the row begins.' })
  row: number;

  @Text({ max: 255, nullable: true })
  handle: string | null;

  @Text({ max: 255, nullable: true, example: 'Variant Price' })
  column: string | null;

  @Text({ max: 60, example: 'PRICE_INVALID' })
  code: string;

  @Text({ max: 1000 })
  message: string;
}

export class ImportCountsDto {
  @Whole(COUNT)
  created: number;

  @Whole(COUNT)
  updated: number;

  @Whole({ ...COUNT, description: 'Named in the file, which says nothing new of them.' })
  unchanged: number;
}

export class FieldChangeDto {
  @Text({ max: 255, example: 'tee' })
  handle: string;

  @Id({ nullable: true, description: 'Null for a product, and for a variant that is created.' })
  variantId: string | null;

  @Text({ max: 255, nullable: true })
  sku: string | null;

  @Text({ max: 60, nullable: true, description: 'Null if the product or variant is created.' })
  field: string | null;

  @Text({ max: 1000, nullable: true, description: 'The old value as JSON, shortened.' })
  old: string | null;

  @Text({
    max: 1000,
    nullable: true,
    description: 'The new value as JSON, shortened; of what is created some values.',
  })
  new: string | null;
}

export class ImportTotalsDto {
  @Whole(COUNT)
  rows: number;

  @Whole(COUNT)
  skippedRows: number;

  @Nested(ImportCountsDto)
  products: ImportCountsDto;

  @Nested(ImportCountsDto)
  variants: ImportCountsDto;
}

export class ImportReportDto {
  @Id({ nullable: true, description: 'To undo the import; null in a dry run.' })
  importId: string | null;

  @Flag({ description: 'True if nothing was stored because the request asked for that.' })
  dryRun: boolean;

  @OneOf(ENCODINGS)
  encoding: Encoding;

  @OneOf(Object.keys(SEPARATOR_NAMES))
  separator: SeparatorName;

  @Whole({ ...COUNT, description: 'Rows read, without the header and rows without any value.' })
  rows: number;

  @Whole({ ...COUNT, description: 'Rows with a problem; none of them was stored.' })
  skippedRows: number;

  @Nested(ImportCountsDto)
  products: ImportCountsDto;

  @Nested(ImportCountsDto)
  variants: ImportCountsDto;

  @ListOf(RowProblemDto, { max: MAX_LISTED_PROBLEMS })
  errors: RowProblemDto[];

  @ListOf(RowProblemDto, {
    max: MAX_LISTED_PROBLEMS,
    description: 'Rows that are stored, but not all of what they say.',
  })
  warnings: RowProblemDto[];

  @ListOf(FieldChangeDto, { max: MAX_LISTED_CHANGES, description: 'Filled in a dry run only.' })
  changes: FieldChangeDto[];

  @Texts({ max: 1000, length: 255, description: 'Columns with values that are not stored.' })
  notStored: string[];
}

/** An import that a worker will do. */
export class QueuedImportDto {
  @Id()
  operationId: string;

  @Text({
    max: 200,
    example: '/api/v1/operations/0199c0de-0000-7000-8000-000000000000',
    description: 'Address of the operation, whose `report` is the answer of an import.',
  })
  path: string;
}

/** An import of products, as it is listed. */
export class ImportDto {
  @Id()
  id: string;

  @Text({ max: 64, description: 'SHA-256 of the file, in hexadecimal.' })
  sha256: string;

  @OneOf(IMPORT_MODES)
  mode: string;

  @Nested(ImportTotalsDto)
  counts: ImportTotalsDto;

  @Id({ description: 'Member who imported it.' })
  createdBy: string;

  @Time()
  createdAt: string;

  @Id({ nullable: true })
  undoneBy: string | null;

  @Time({ nullable: true })
  undoneAt: string | null;
}

export function toImportDto(row: Import): ImportDto {
  const { id, sha256, mode, createdBy, createdAt, undoneBy, undoneAt } = row;
  return {
    ...{ id, sha256, mode, createdBy, undoneBy },
    counts: row.counts as ImportTotalsDto,
    createdAt: createdAt.toISOString(),
    undoneAt: undoneAt?.toISOString() ?? null,
  };
}
