const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * Files that take longest, as measured, longest first: one that started last would keep a worker busy alone. Jest knows
 * that only of files that it has run on this machine before.
 */
const LONGEST = [
  'add-a-resource.e2e-spec.ts',
  'cli/migrate-tenants.e2e-spec.ts',
  'http/openapi-examples.e2e-spec.ts',
  'http/random-walk.e2e-spec.ts',
  'process/embedded.e2e-spec.ts',
  'operations/drift/doctor.e2e-spec.ts',
  'process/worker.e2e-spec.ts',
  'process/rolling-deploy.e2e-spec.ts',
  'process/migrate-crash.e2e-spec.ts',
  'process/interrupted-run.e2e-spec.ts',
  'operations/migrator/faults.e2e-spec.ts',
  'operations/lifecycle/any-restore.e2e-spec.ts',
  'operations/lifecycle/restore-versions.e2e-spec.ts',
  'operations/lifecycle/foreign-markers.e2e-spec.ts',
  'process/night-recovery.e2e-spec.ts',
  'operations/lifecycle/rehearse.e2e-spec.ts',
  'cli/verify-backup.e2e-spec.ts',
  'process/pack.e2e-spec.ts',
  'isolation/routes.e2e-spec.ts',
  'isolation/load.e2e-spec.ts',
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
