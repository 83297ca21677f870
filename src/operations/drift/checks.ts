/** An error breaks isolation, a shop or the next migration; a warning is a risk. Both exit 1. */
export type Severity = 'error' | 'warning';

const MIGRATE = 'npm run migrate:tenants -- --only <slug>';
const RESTART = 'Restart the program: each start grants and revokes these rights again.';
const REBUILD = 'Change it back by hand as the owner; the migrations in migrations/tenant say how it was.';
const DROP = 'Find out who created it, then drop it: tenant migrations create no such object.';
const REVOKE_MEMBERSHIP = 'REVOKE the membership at once, GRANTED BY its grantor.';

/**
 * Every check: its severity, and the first thing to do. docs/operations.md explains each at length; a test compares
 * the two. The names are a contract, like error codes.
 */
export const CHECKS = {
  'table-missing': { severity: 'error', remedy: REBUILD },
  'table-extra': { severity: 'error', remedy: DROP },
  'table-changed': { severity: 'error', remedy: REBUILD },
  'column-missing': { severity: 'error', remedy: REBUILD },
  'column-extra': { severity: 'error', remedy: DROP },
  'column-changed': { severity: 'error', remedy: REBUILD },
  'index-missing': { severity: 'error', remedy: REBUILD },
  'index-extra': { severity: 'warning', remedy: DROP },
  'index-changed': { severity: 'error', remedy: REBUILD },
  'index-invalid': {
    severity: 'error',
    remedy: 'REINDEX INDEX CONCURRENTLY, or drop it if it is the rest of a failed build.',
  },
  'constraint-missing': { severity: 'error', remedy: REBUILD },
  'constraint-extra': { severity: 'error', remedy: DROP },
  'constraint-changed': { severity: 'error', remedy: REBUILD },
  'constraint-not-validated': {
    severity: 'error',
    remedy: 'Correct the rows that violate it, then ALTER TABLE … VALIDATE CONSTRAINT.',
  },
  'wrong-owner': { severity: 'error', remedy: 'ALTER … OWNER TO the owner role of the installation.' },

  'forbidden-sequence': { severity: 'error', remedy: DROP },
  'forbidden-identity': { severity: 'error', remedy: DROP },
  'forbidden-enum': { severity: 'error', remedy: DROP },
  'forbidden-trigger': { severity: 'error', remedy: DROP },
  'forbidden-rule': { severity: 'error', remedy: DROP },
  'forbidden-function': { severity: 'error', remedy: DROP },
  'forbidden-security-definer': { severity: 'error', remedy: DROP },
  'forbidden-view': { severity: 'error', remedy: DROP },
  'forbidden-foreign-table': { severity: 'error', remedy: DROP },
  'forbidden-inheritance': { severity: 'error', remedy: DROP },
  'forbidden-policy': { severity: 'error', remedy: DROP },
  'forbidden-object': { severity: 'error', remedy: DROP },
  'foreign-key-cross-schema': {
    severity: 'error',
    remedy: 'Drop the constraint: a shop refers to nothing outside its schema.',
  },
  'foreign-key-unindexed': { severity: 'warning', remedy: 'Add the index in a migration.' },

  'foreign-grant': { severity: 'error', remedy: 'REVOKE it at once, then find out who used it.' },
  'public-grant': { severity: 'error', remedy: 'REVOKE it FROM PUBLIC at once, then find out who used it.' },
  'tenant-rights': {
    severity: 'error',
    remedy: "GRANT or REVOKE until the shop's role has the expected rights.",
  },
  'default-privileges': {
    severity: 'error',
    remedy: 'ALTER DEFAULT PRIVILEGES FOR ROLE the owner, as expected.',
  },
  'role-attributes': { severity: 'error', remedy: 'ALTER ROLE back to the expected attributes.' },
  'shop-role-member': { severity: 'error', remedy: REVOKE_MEMBERSHIP },
  'shop-role-not-granted': {
    severity: 'error',
    remedy: "As the role's creator: GRANT it TO the tenant login.",
  },
  'engine-role-member': { severity: 'error', remedy: REVOKE_MEMBERSHIP },
  'login-settings': { severity: 'error', remedy: RESTART },
  'login-password': {
    severity: 'error',
    remedy: 'ALTER ROLE … PASSWORD NULL, then restart the program: it sets a new password.',
  },

  'database-rights': { severity: 'error', remedy: RESTART },
  'public-rights': { severity: 'error', remedy: RESTART },
  'public-function': {
    severity: 'error',
    remedy: 'Drop the function; if the program needs it, restart the program, which grants its rights again.',
  },
  'public-version': { severity: 'error', remedy: 'npm run migrate:public, or start the newest program.' },
  hardening: {
    severity: 'warning',
    remedy:
      'npm run db:harden or a restart, as a superuser. No other role can revoke these rights: docs/security.md.',
  },

  'version-behind': { severity: 'error', remedy: MIGRATE },
  'version-ahead': { severity: 'error', remedy: 'A newer program migrated it: run that one.' },
  'version-row-missing': {
    severity: 'error',
    remedy: 'Check whether the tables of that migration exist; if they do, insert the row.',
  },
  'version-index': { severity: 'error', remedy: 'npm run migrate:tenants -- --rebuild-registry' },
  'migration-failed': { severity: 'error', remedy: `Repair what the error names, then ${MIGRATE}` },

  'schema-without-shop': { severity: 'error', remedy: 'Back it up, then drop it table by table.' },
  'shop-without-schema': { severity: 'error', remedy: 'Restore the schema from a backup.' },
  'shop-without-tenant': { severity: 'error', remedy: 'Insert the row with the version of the schema.' },
  'schema-without-role': {
    severity: 'error',
    remedy: "Create the role and grant it the rights that another shop's role has.",
  },
  'stocked-role-missing': {
    severity: 'error',
    remedy: 'Delete its row in public.spare_roles: a new shop that gets this role cannot be created.',
  },
  'leftover-role': { severity: 'warning', remedy: 'DROP ROLE, once no backup needs it.' },
  'shop-without-owner': { severity: 'warning', remedy: 'Insert a membership with the role owner.' },
  'member-missing': { severity: 'error', remedy: 'Insert or correct the row in members of that schema.' },

  'server-version': { severity: 'error', remedy: 'Upgrade the server to PostgreSQL 15 or newer.' },
  'server-setting': {
    severity: 'warning',
    remedy:
      'Set it in postgresql.conf; some settings need a restart. The embedded server has fixed settings: lower those of the program.',
  },
} as const satisfies Record<string, { severity: Severity; remedy: string }>;

export type CheckName = keyof typeof CHECKS;
