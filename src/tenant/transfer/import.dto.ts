import { Currency, ListOf, Nested, OneOf, Text, Texts, Whole } from '../../http/fields';

export const IMPORT_MODES = ['atomic', 'skip'] as const;
export type ImportMode = (typeof IMPORT_MODES)[number];

/** Maximum of problems listed in one answer; the counts include all. */
export const MAX_LISTED_PROBLEMS = 1000;

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
}

export class ImportReportDto {
  @Whole({ ...COUNT, description: 'Rows read, without the header.' })
  rows: number;

  @Whole({ ...COUNT, description: 'Rows with a problem; none of them was stored.' })
  skippedRows: number;

  @Nested(ImportCountsDto)
  products: ImportCountsDto;

  @Nested(ImportCountsDto)
  variants: ImportCountsDto;

  @ListOf(RowProblemDto, { max: MAX_LISTED_PROBLEMS })
  errors: RowProblemDto[];

  @Texts({ max: 1000, length: 255, description: 'Columns with values that are not stored.' })
  notStored: string[];
}
