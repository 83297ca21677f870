import { SEPARATORS } from '../../../common/csv-records';
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
    const { handle } = working.now.product;
    if (product !== null) this.list(product, handle, null);
    for (const change of variants) {
      const sku = working.now.variants.find(({ id }) => id === change.id)?.sku ?? null;
      this.list(change, handle, { id: change.id, sku });
    }
  }

  finish(importId: string, notStored: ReadonlySet<string>): void {
    this.importId = importId;
    this.notStored = [...notStored].sort();
  }

  private list(
    { before, after }: LoggedChange,
    handle: string,
    variant: { id: string; sku: string | null } | null,
  ): void {
    const item = { handle, variantId: variant?.id ?? null, sku: variant?.sku ?? null };
    const changes =
      before === null
        ? [{ ...item, field: null, old: null, new: null }]
        : Object.entries(before)
            .filter(([field, value]) => !isEqual(value, after[field])) // amounts in another currency may be equal
            .map(([field, value]) => ({ ...item, field, old: shown(value), new: shown(after[field]) }));
    this.changes.push(...changes.slice(0, MAX_LISTED_CHANGES - this.changes.length));
  }
}

/** A value as JSON, shortened. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function nameOf(separator: (typeof SEPARATORS)[number]): SeparatorName {
  const found = Object.entries(SEPARATOR_NAMES).find(([, sign]) => sign === separator);
  return (found?.[0] ?? 'comma') as SeparatorName;
}
