const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * Files that take longest, as measured, longest first: one that started last would keep a worker busy alone. Jest knows
 * that only of files that it has run on this machine before.
 */
const LONGEST = [
  'test/add-a-resource.e2e-spec.ts',
  'operations/lifecycle/crash.e2e-spec.ts',
  'process/embedded.e2e-spec.ts',
  'cli/migrate-tenants.e2e-spec.ts',
  'operations/jobs.e2e-spec.ts',
  'isolation/routes.e2e-spec.ts',
  'process/metrics.e2e-spec.ts',
  'operations/drift/verify.e2e-spec.ts',
  'process/migrate-crash.e2e-spec.ts',
  'process/rolling-deploy.e2e-spec.ts',
  'operations/drift/doctor.e2e-spec.ts',
  'cli/operations.e2e-spec.ts',
  'cli/migrate-tenants-together.e2e-spec.ts',
  'process/worker.e2e-spec.ts',
  'cli/shop-status.e2e-spec.ts',
  'process/interrupted-run.e2e-spec.ts',
  'cli/shop-removal.e2e-spec.ts',
  'tenant/import-bounds.e2e-spec.ts',
  'public/slugs.e2e-spec.ts',
  'cli/reports.e2e-spec.ts',
  'tenant/orders-import.e2e-spec.ts',
  'process/operators.e2e-spec.ts',
  'operations/lifecycle/purge.e2e-spec.ts',
  'public/reset-password.e2e-spec.ts',
  'operator/requests.e2e-spec.ts',
  'http/bad-input.e2e-spec.ts',
  'http/downloads.e2e-spec.ts',
  'process/pack.e2e-spec.ts',
  'public/login-limits.e2e-spec.ts',
  'cli/shop-reports.e2e-spec.ts',
  'cli/which-database.e2e-spec.ts',
  'process/workers.e2e-spec.ts',
  'test/engine-alone.spec.ts',
];

function rank({ path }) {
  const index = LONGEST.findIndex((name) => path.endsWith(`/${name}`));
  return index === -1 ? LONGEST.length : index;
}

module.exports = class extends Sequencer {
  /** The others follow in Jest's own order. */
  async sort(tests) {
    const others = await super.sort(tests);
    return others.toSorted((a, b) => rank(a) - rank(b));
  }
};
