import type { Env } from '../../config/env';
import { adminOf, type Installation } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import { AIMS, CHECKS, type CheckName } from './checks';
import { observationsOf } from './drift';
import { findDrift } from './find-drift';
import { type Finding, type Note, type Observation, toFindings } from './findings';
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
    const all = [...drifts.values()].flatMap((drift) => [...observationsOf(drift), ...drift.rollout]);
    const replaced = new Set(tenants.filter(({ isReplaced }) => isReplaced).map(({ schema }) => schema));
    // What was wrong before a restore is what the restore was for. A leak is one, whoever uses the data.
    const concerns = ({ schema, check }: Observation) =>
      CHECKS[check].aim === 'close' || !replaced.has(schema ?? '');
    return {
      tenants: tenants.filter(({ isWanted }) => isWanted).length,
      schemas: tenants.filter(({ hasSchema }) => hasSchema).length,
      findings: toFindings([...all, ...observations, ...rows].filter(concerns), tenants, byAdvice),
      notes,
    };
  });
}

/** Checks in the order of their aims, errors before warnings; then as written. */
const ADVICE = (Object.keys(CHECKS) as CheckName[]).sort((a, b) => rank(a) - rank(b));

function rank(check: CheckName): number {
  const { aim, severity } = CHECKS[check];
  return 2 * AIMS.indexOf(aim) + (severity === 'error' ? 0 : 1);
}

const byAdvice = ({ check, shop, object }: Finding) =>
  `${String(ADVICE.indexOf(check)).padStart(3, '0')} ${shop ?? ''} ${object}`;
