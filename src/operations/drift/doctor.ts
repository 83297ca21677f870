import type { Env } from '../../config/env';
import { adminOf, type Installation } from '../../database/installation';
import { withClient } from '../../database/with-client';
import { TenantMigrations } from '../../tenancy/tenant-migrations';
import { observationsOf } from './drift';
import { findDrift } from './find-drift';
import { type Finding, type Note, toFindings } from './findings';
import { inspectInstallation } from './installation/inspect-installation';

export interface Diagnosis {
  /** Tenants that should exist, and schemas named as a tenant's. */
  tenants: number;
  schemas: number;
  /** Sorted by check, shop and object. */
  findings: Finding[];
  notes: Note[];
}

/**
 * Inspects a whole installation: schemas, roles and rights of every tenant, what they share, and the server. Changes
 * nothing; costs what `findDrift` costs, and queries whose number does not grow with tenants. May report a tenant that
 * is created or removed meanwhile as incomplete: run it again.
 * @throws OperatorError if the program never ran on this database, or a migration file was edited; the error of the
 *   server if the URL's role may not read something
 */
export async function examine(
  installation: Installation,
  env: Env,
  migrations?: TenantMigrations,
): Promise<Diagnosis> {
  const known = migrations ?? (await TenantMigrations.load());
  return withClient(adminOf(installation).bootstrapUrl, 'doctor', async (client) => {
    const { tenants, drifts } = await findDrift(client, installation, known, { everySchema: true });
    const { observations, notes } = await inspectInstallation(client, installation, env, known, tenants);
    const all = [...drifts.values()].flatMap((drift) => [...observationsOf(drift), ...drift.rollout]);
    return {
      tenants: tenants.filter(({ isWanted }) => isWanted).length,
      schemas: tenants.filter(({ hasSchema }) => hasSchema).length,
      findings: toFindings([...all, ...observations], tenants, byCheck),
      notes,
    };
  });
}

const byCheck = ({ check, shop, object }: Finding) => `${check} ${shop ?? ''} ${object}`;
