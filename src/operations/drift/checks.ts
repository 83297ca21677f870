/** An error breaks isolation, a shop or the next migration; a warning is a risk. Both exit 1. */
export type Severity = 'error' | 'warning';

/**
 * Aim of a remedy, in the order of the advice: give back what a shop or the program lacks, close a leak, correct what
 * differs, take away what is too much. A remedy that takes something away never comes before one that gives back.
 */
export const AIMS = ['restore', 'close', 'correct', 'remove'] as const;

interface Check {
  severity: Severity;
  aim: (typeof AIMS)[number];
  /** The first thing to do. `<shop>` stands for slug or id. */
  remedy: string;
}

const ONLY = ' -- --only <shop>';
const MIGRATE = `npm run migrate:tenants${ONLY}`;
const BACK_UP = 'npm run cli -- shops:backup <shop>';
const RESTART = 'Restart the program: each start grants and revokes these rights again.';
const REBUILD = 'Change it back by hand as the owner; the migrations in migrations/tenant say how it was.';
const ADD_BACK = 'Add it again as the owner, from a backup or from the migrations in migrations/tenant.';
const DROP = 'Find out who created it, then drop it: tenant migrations create no such object.';
const MOVE =
  'Find out who created it and save its rows, then drop it: tenant migrations create no such object.';
const READ = 'Read what it does and who created it, then drop it: tenant migrations create no such object.';
const REVOKE_MEMBERSHIP = 'REVOKE the membership at once, GRANTED BY its grantor.';

const restore = (remedy: string) => ({ severity: 'error', aim: 'restore', remedy }) as const;
const close = (remedy: string) => ({ severity: 'error', aim: 'close', remedy }) as const;
const correct = (remedy: string) => ({ severity: 'error', aim: 'correct', remedy }) as const;
const remove = (remedy: string) => ({ severity: 'error', aim: 'remove', remedy }) as const;
const asWarning = <T extends Check>(check: T) => ({ ...check, severity: 'warning' }) as const;

/**
 * Every check: its severity, and the first thing to do. Findings come in the order of AIMS, errors first, then in this order.
 * docs/operations.md explains each at length; a test compares the two. The names are a contract, like error codes.
 */
export const CHECKS = {
  'database-rights': restore(RESTART),
  'public-rights': restore(RESTART),
  'public-function': restore(
    'Restart the program, which grants its rights again. If the program has no such function, find out who created it, then drop it.',
  ),
  'public-version': restore('npm run migrate:public, or start the newest program.'),
  hardening: asWarning(
    close(
      'npm run db:harden or a restart, as a superuser. No other role can revoke these rights: docs/security.md.',
    ),
  ),

  'shop-without-schema': restore(
    'Restore the schema from a backup. Leave its role and its rows in public as they are: the restored schema needs them.',
  ),
  'schema-without-role': restore("Create the role and grant it the rights that another shop's role has."),
  'shop-without-tenant': restore('npm run migrate:tenants -- --rebuild-registry'),
  'member-missing': restore('Insert or correct the row in members of that schema.'),
  'shop-without-owner': asWarning(correct('Insert a membership with the role owner.')),
  'backup-old': asWarning(restore(BACK_UP)),
  'stock-ledger': correct(
    'Find out what changed the stock without its ledger, then insert the difference into stock_changes as a correction.',
  ),
  'stocked-role-missing': correct(
    'Delete its row in public.spare_roles, which nothing else uses: a new shop that gets this role cannot be created.',
  ),
  'schema-without-shop': remove(
    'If the shop is missing by mistake, restore its rows in public. If it was removed, back the schema up, then drop it table by table.',
  ),
  'leftover-role': asWarning(remove('Keep it while a backup may need it, then DROP ROLE.')),

  'version-index': restore('npm run migrate:tenants -- --rebuild-registry'),
  'version-row-missing': restore(
    'Check whether the tables of that migration exist; if they do, insert the row.',
  ),
  'migration-failed': restore(`Repair what the error names, then ${MIGRATE}`),
  'version-behind': restore(MIGRATE),
  'version-ahead': restore('A newer program migrated it: run that one.'),

  'shop-role-not-granted': restore("As the role's creator: GRANT it TO the tenant login."),
  'tenant-rights': restore(
    'GRANT the shop its expected rights if one is missing; then REVOKE what is too much.',
  ),
  'role-attributes': restore(
    'Restart the program if the role is missing; else ALTER ROLE to the expected attributes.',
  ),
  'login-settings': restore(RESTART),
  'login-password': restore(
    'Stop every program of this installation, then start one: it sets a new password.',
  ),
  'foreign-grant': close('REVOKE it at once, then find out who used it.'),
  'public-grant': close('REVOKE it FROM PUBLIC at once, then find out who used it.'),
  'shop-role-member': close(REVOKE_MEMBERSHIP),
  'engine-role-member': close(REVOKE_MEMBERSHIP),
  'default-privileges': correct('ALTER DEFAULT PRIVILEGES FOR ROLE the owner, as expected.'),

  'table-missing': restore(ADD_BACK),
  'table-extra': remove(MOVE),
  'table-changed': correct(REBUILD),
  'column-missing': restore(ADD_BACK),
  'column-extra': remove(MOVE),
  'column-changed': correct(REBUILD),
  'index-missing': correct(ADD_BACK),
  'index-extra': asWarning(remove(DROP)),
  'index-changed': correct(REBUILD),
  'index-invalid': correct('REINDEX INDEX CONCURRENTLY; drop it only if it is the rest of a failed build.'),
  'constraint-missing': correct(ADD_BACK),
  'constraint-extra': remove(DROP),
  'constraint-changed': correct(REBUILD),
  'constraint-not-validated': correct(
    'Correct the rows that violate it, then ALTER TABLE … VALIDATE CONSTRAINT.',
  ),
  'wrong-owner': correct('ALTER … OWNER TO the owner role of the installation.'),

  'forbidden-sequence': remove('Give its columns UUIDs or values of counters, then drop it.'),
  'forbidden-identity': remove('ALTER TABLE … ALTER COLUMN … DROP IDENTITY; the column and its values stay.'),
  'forbidden-enum': remove('ALTER its columns to text with a CHECK, then drop the type.'),
  'forbidden-trigger': remove(READ),
  'forbidden-rule': remove(READ),
  'forbidden-function': remove(READ),
  'forbidden-security-definer': close(
    'REVOKE EXECUTE on it FROM PUBLIC at once; find out who called it, then drop it.',
  ),
  'forbidden-view': remove(READ),
  'forbidden-foreign-table': remove(MOVE),
  'forbidden-inheritance': remove('Save the rows of the child tables, then drop them.'),
  'forbidden-policy': remove(
    'ALTER TABLE … DISABLE ROW LEVEL SECURITY first: without its policies, a table shows no row. Then drop the policy.',
  ),
  'forbidden-object': remove(DROP),
  'foreign-key-cross-schema': remove(
    'Find out who created it, then drop the constraint: a shop refers to nothing outside its schema.',
  ),
  'foreign-key-unindexed': asWarning(correct('Add the index in a migration.')),

  'server-version': correct('Upgrade the server to PostgreSQL 15 or newer.'),
  'server-setting': asWarning(
    correct(
      'Set it in postgresql.conf; some settings need a restart. The embedded server has fixed settings: lower those of the program.',
    ),
  ),
} as const satisfies Record<string, Check>;

export type CheckName = keyof typeof CHECKS;

/** @param shop slug or id; null for several shops at once, or none */
export function remedyOf(check: CheckName, shop: string | null): string {
  const { remedy } = CHECKS[check];
  if (shop !== null) return remedy.replace('<shop>', shop);
  return remedy === BACK_UP ? remedy.replace('<shop>', '--all') : remedy.replace(ONLY, '');
}
