import { groupBy } from '../../common/group-by';
import type { Env } from '../../config/env';
import { adminOf, type Installation } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import { AIMS, CHECKS, type CheckName } from './checks';
import { observationsOf } from './drift';
import { findDrift } from './find-drift';
import { type Finding, type Note, type Observation, toFindings } from './findings';
import type { Tenant } from './fleet';
import { inspectInstallation } from './installation/inspect-installation';
import { checkRows, type RowCheck } from './row-checks';

export interface Diagnosis {
  /** Tenants that should exist, and schemas named as a tenant's. */
  tenants: number;
  schemas: number;
  /** In the order of the advice, which is that of their checks; then sorted by shop and object. */
  findings: Finding[];
  notes: Note[];
}

/**
 * Inspects a whole installation: schemas, roles and rights of every tenant, what they share, and the server. Changes
 * nothing; costs what `findDrift` costs, and queries whose number does not grow with tenants. May report a tenant that
 * is created or removed meanwhile as incomplete: run it again.
 * @param rowChecks checks of the rows of each shop, which read all rows of some of its tables
 * @throws OperatorError if the program never ran on this database, or a migration file was edited; the error of the
 *   server if the URL's role may not read something
 */
export async function examine(
  installation: Installation,
  env: Env,
  migrations?: TenantMigrations,
  rowChecks: readonly RowCheck[] = [],
): Promise<Diagnosis> {
  const known = migrations ?? (await TenantMigrations.load());
  return withClient(adminOf(installation).bootstrapUrl, 'doctor', async (client) => {
    const { tenants, drifts, histories } = await findDrift(client, installation, known, {
      everySchema: true,
    });
    const { observations, notes } = await inspectInstallation(client, installation, env, known, tenants);
    const rows = await checkRows(client, tenants, histories, rowChecks);
    const drifted = [...drifts.values()].flatMap((drift) => [...observationsOf(drift), ...drift.rollout]);
    const { faults, keptNotes } = withoutKept([...drifted, ...observations, ...rows], tenants);
    return {
      tenants: tenants.filter(({ isWanted }) => isWanted).length,
      schemas: tenants.filter(({ hasSchema }) => hasSchema).length,
      findings: toFindings(faults, tenants, byAdvice),
      notes: [...notes, ...keptNotes],
    };
  });
}

/**
 * Makes one note of all that the data of before a restore lack: they were replaced because they lack something. What may open
 * them to others is a fault all the same.
 */
function withoutKept(
  all: readonly Observation[],
  tenants: readonly Tenant[],
): { faults: Observation[]; keptNotes: Note[] } {
  const kept = new Map(tenants.map(({ schema, keptFor }) => [schema, keptFor]));
  const keptFor = ({ schema, check }: Observation) =>
    schema === null || CHECKS[check].aim === 'close' ? null : (kept.get(schema) ?? null);
  const faults = all.filter((each) => keptFor(each) === null);
  const inKept = groupBy(
    all.filter((each) => keptFor(each) !== null),
    ({ schema }) => schema,
  );
  const keptNotes = [...inKept.values()].map((found) => ({
    check: found[0]!.check, // a group has one
    detail: `${found.length} fault(s) in the data of ${keptFor(found[0]!)} that a restore has replaced; they serve nobody and are removed 30 days after it`,
  }));
  return { faults, keptNotes };
}

/** Checks in the order of their aims, errors before warnings; then as written. */
const ADVICE = (Object.keys(CHECKS) as CheckName[]).sort((a, b) => rank(a) - rank(b));

function rank(check: CheckName): number {
  const { aim, severity } = CHECKS[check];
  return 2 * AIMS.indexOf(aim) + (severity === 'error' ? 0 : 1);
}

const byAdvice = ({ check, shop, object }: Finding) =>
  `${String(ADVICE.indexOf(check)).padStart(3, '0')} ${shop ?? ''} ${object}`;
