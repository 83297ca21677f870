import type { OperationKind } from '../operation-kind';
import { backupKind } from './backup.kind';
import { cloneKind } from './clone.kind';
import { exportKind } from './export.kind';
import { dropReplacedKind } from './drop-replaced.kind';
import { purgeKind } from './purge.kind';
import { rehearseKind } from './rehearse.kind';
import { restoreKind } from './restore.kind';
import { verifyBackupKind } from './verify-backup.kind';
import { undoRestoreKind } from './undo-restore.kind';

/** Kinds of operations that this program can run. Each parses its own input, so their types differ only inside. */
export const OPERATION_KINDS = [
  backupKind,
  cloneKind,
  exportKind,
  restoreKind,
  undoRestoreKind,
  purgeKind,
  dropReplacedKind,
  rehearseKind,
  verifyBackupKind,
] as unknown as readonly OperationKind[];
