import { SEPARATORS } from '../../../common/csv-records';
import { beginningOf } from '../../../common/safe-text';
import {
  type FieldChangeDto,
  type ImportCountsDto,
  type ImportReportDto,
  type ImportTotalsDto,
  MAX_LISTED_CHANGES,
  MAX_LISTED_PROBLEMS,
  type RowProblemDto,
  SEPARATOR_NAMES,
  type SeparatorName,
} from '../import.dto';
import type { CatalogueGroup, RowProblem } from '../shopify/shopify-catalogue';
import type { Dialect } from '../shopify/shopify-dialect';
import type { WorkingProduct } from '../shopify/working-catalogue';
import { isEqual, type LoggedChange, type ProductChanges } from './import-log';

const MAX_SHOWN = 200;
const MAX_CREATED = 900;

const noCounts = (): ImportCountsDto => ({ created: 0, updated: 0, unchanged: 0 });

/** Adds up what an import does. */
export class ImportReport {
  rows = 0;
  skippedRows = 0;
  readonly problems: RowProblemDto[] = [];
  private readonly warnings: RowProblemDto[] = [];
  private readonly changes: FieldChangeDto[] = [];
  private readonly products = noCounts();
  private readonly variants = noCounts();
  private importId: string | null = null;
  private notStored: string[] = [];

  constructor(
    private readonly dialect: Dialect,
    private readonly options: { isDryRun?: boolean },
  ) {}

  get totals(): ImportTotalsDto {
    const { rows, skippedRows, products, variants } = this;
    return { rows, skippedRows, products, variants };
  }

  get dto(): ImportReportDto {
    const { importId, notStored, problems, warnings, changes } = this;
    const { encoding, separator } = this.dialect;
    const dryRun = this.options.isDryRun === true;
    return {
      ...{ importId: dryRun ? null : importId, dryRun, encoding, separator: nameOf(separator) },
      ...this.totals,
      ...{ errors: problems, warnings, changes, notStored },
    };
  }

  /** Counts the rows of a group and lists those with a problem. */
  addGroup({ rows, warnings }: CatalogueGroup, problems: readonly RowProblem[]): void {
    this.rows += rows;
    this.skippedRows += new Set(problems.map(({ row }) => row)).size;
    this.problems.push(...problems.slice(0, MAX_LISTED_PROBLEMS - this.problems.length));
    this.warnings.push(...warnings.slice(0, MAX_LISTED_PROBLEMS - this.warnings.length));
  }

  /** @param named ids of the variants that the file names */
  addProduct(
    working: WorkingProduct,
    named: ReadonlySet<string>,
    { product, variants }: ProductChanges,
  ): void {
    const isChanged = product !== null || variants.length > 0;
    this.products[working.before === null ? 'created' : isChanged ? 'updated' : 'unchanged']++;
    for (const { before } of variants) this.variants[before === null ? 'created' : 'updated']++;
    this.variants.unchanged += named.size - variants.filter(({ id }) => named.has(id)).length;
    if (this.options.isDryRun !== true) return;
    const { handle, name, status, currency } = working.now.product;
    const item = { handle, variantId: null, sku: null };
    if (product?.before === null) this.listCreated(item, { name, status, currency });
    else if (product != null) this.listChanged(item, product);
    const now = new Map(working.now.variants.map((variant) => [variant.id, variant]));
    for (const change of variants) {
      const { sku = null, optionValues, priceMinor, stock } = now.get(change.id) ?? {};
      if (change.before === null) this.listCreated({ ...item, sku }, { optionValues, priceMinor, stock });
      else this.listChanged({ ...item, variantId: change.id, sku }, change);
    }
  }

  finish(importId: string, notStored: ReadonlySet<string>): void {
    this.importId = importId;
    this.notStored = [...notStored].sort();
  }

  /** Its id is left out: a dry run stores nothing, and another run makes another id. */
  private listCreated(item: ChangedRow, values: object): void {
    this.list([{ ...item, field: null, old: null, new: shown(values, MAX_CREATED) }]);
  }

  private listChanged(item: ChangedRow, { before, after }: LoggedChange): void {
    const changes = Object.entries(before ?? {})
      .filter(([field, value]) => !isEqual(value, after[field])) // amounts in another currency may be equal
      .map(([field, value]) => ({ ...item, field, old: shown(value), new: shown(after[field]) }));
    this.list(changes);
  }

  private list(changes: readonly FieldChangeDto[]): void {
    this.changes.push(...changes.slice(0, MAX_LISTED_CHANGES - this.changes.length));
  }
}

type ChangedRow = Pick<FieldChangeDto, 'handle' | 'variantId' | 'sku'>;

/** A value as JSON, shortened. */
export function shown(value: unknown, max = MAX_SHOWN): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length > max ? `${beginningOf(text, max)}…` : text;
}

function nameOf(separator: (typeof SEPARATORS)[number]): SeparatorName {
  const found = Object.entries(SEPARATOR_NAMES).find(([, sign]) => sign === separator);
  return (found?.[0] ?? 'comma') as SeparatorName;
}
