import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { OperatorError } from '../../common/report';

/** Account that PostgreSQL binaries run as; they refuse to run as root. */
export interface ServerAccount {
  uid?: number;
  gid?: number;
  /** Command to put before the binary; used only as a last resort. */
  prefix: string[];
}

/** Inside this user namespace, root appears as an ordinary user; outside it, the files still belong to root. */
const USER_NAMESPACE = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];

/**
 * Account that the embedded server runs as: the current one; for root, an existing ordinary account that can reach the
 * binaries and the data; if no account can (a checkout below a 0700 folder), root inside a user namespace. Nothing is
 * created on the system.
 * @throws OperatorError with instructions when none of them works
 */
export function serverAccount(binDir: string, dataDir: string): ServerAccount {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const owner = existsSync(dataDir) ? statSync(dataDir).uid : undefined;
  const accounts = existingAccounts().filter((account) => owner === undefined || account.uid === owner);
  const able = accounts.find((account) => canReach(account, binDir, path.dirname(dataDir)));
  if (able !== undefined) return { ...able, prefix: [] };
  if ((owner === undefined || owner === 0) && canUnshare()) return { prefix: USER_NAMESPACE };
  throw new OperatorError(
    'PostgreSQL does not run as root, and no ordinary account can reach this folder. Start as an ordinary user, ' +
      'move the project and DATA_DIR to folders that others may enter (chmod 755), or set DATABASE_URL.',
  );
}

function existingAccounts(): { uid: number; gid: number }[] {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return ['postgres', 'nobody'].flatMap((name) => {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    return fields === undefined ? [] : [{ uid: Number(fields[2]), gid: Number(fields[3]) }];
  });
}

function canReach(account: { uid: number; gid: number }, binDir: string, parent: string): boolean {
  return succeeds('/bin/sh', ['-c', '[ -x "$0/postgres" ] && cd "$1"', binDir, parent], account);
}

function canUnshare(): boolean {
  const [command, ...args] = USER_NAMESPACE;
  return succeeds(command!, [...args, 'true']); // the list is not empty
}

function succeeds(command: string, args: string[], account: { uid?: number; gid?: number } = {}): boolean {
  try {
    execFileSync(command, args, { ...account, stdio: 'ignore', cwd: '/' });
    return true;
  } catch {
    return false; // the exit code is the answer
  }
}
