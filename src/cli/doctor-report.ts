import { groupBy } from '../common/group-by';
import { remedyOf } from '../operations/drift/checks';
import type { Diagnosis } from '../operations/drift/doctor';
import type { Finding } from '../operations/drift/findings';

/** Causes of one check that are printed. */
const CAUSES = 5;
/** Shops or objects that a line names. */
const NAMES = 3;
const ALL = 'npm run doctor -- --json';

/**
 * Lines about a diagnosis. What has one cause is one line, however many shops it concerns; a check that has found many
 * causes is cut off. The JSON has every finding.
 */
export function* doctorReport({ tenants, schemas, findings, notes }: Diagnosis): Generator<string> {
  for (const [check, found] of groupBy(findings, (finding) => finding.check)) {
    const causes = [...groupBy(found, causeOf).values()];
    for (const cause of causes.slice(0, CAUSES))
      yield* cause.length === 1 ? single(cause[0]!) : [many(cause)]; // checked
    const left = causes.slice(CAUSES).flat();
    if (left.length > 0) yield `         … and ${left.length} more of ${check}; all of them: ${ALL}`;
  }
  for (const { check, detail } of notes) yield `info     ${check}  ${detail}`;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const found =
    findings.length === 0 ? 'nothing found' : `${errors} error(s), ${findings.length - errors} warning(s)`;
  yield `${tenants} tenant(s), ${schemas} schema(s): ${found}`;
}

/** Equal for equal faults of several shops. */
function causeOf({ object, detail }: Finding): string {
  return neutral(`${object}\n${detail}`);
}

/** Leaves out the ids and schemas of shops, and ids of their rows. */
function neutral(text: string): string {
  return text
    .replaceAll(/shop_[0-9a-f]{32}/g, 'shop_…')
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '…');
}

function single({ severity, check, shop, object, detail, remedy }: Finding): string[] {
  const subject = `${severity.padEnd(8)} ${check}  ${shop ?? 'installation'}  ${object}`;
  return [subject, `         ${detail}`, `         -> ${remedy}`];
}

function many(findings: readonly Finding[]): string {
  const { severity, check, shop, object, detail } = findings[0]!; // two or more
  const shops = distinct(findings.map((finding) => finding.shop ?? 'installation'));
  const objects = distinct(findings.map((finding) => finding.object));
  const isOneShop = shops.length === 1;
  const where = isOneShop ? (shop ?? 'installation') : `${shops.length} shops (${named(shops)})`;
  const what = isOneShop ? `${objects.length} objects (${named(objects)})` : neutral(object);
  const common = findings.every((finding) => finding.detail === detail) ? detail : neutral(detail);
  return `${severity.padEnd(8)} ${check}  ${where}  ${what}: ${common} -> ${remedyOf(check, isOneShop ? shop : null)}`;
}

function named(names: readonly string[]): string {
  const more = names.length - NAMES;
  return `${names.slice(0, NAMES).join(', ')}${more > 0 ? ` and ${more} more: ${ALL}` : ''}`;
}

const distinct = (values: readonly string[]) => [...new Set(values)];
