import type { Node } from 'libpg-query';
import type { Violation } from './lint-finding';
import { functionsIn, kindOfNode, type NodeKind } from '../syntax-tree';

const CONTROL: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'TransactionStmt',
  'VariableSetStmt',
  'VariableShowStmt',
  'ConstraintsSetStmt',
  'LockStmt',
  'DoStmt',
  'CallStmt',
  'CopyStmt',
  'PrepareStmt',
  'ExecuteStmt',
  'DeallocateStmt',
  'VacuumStmt',
  'ClusterStmt',
  'CheckPointStmt',
  'DiscardStmt',
  'ListenStmt',
  'UnlistenStmt',
  'NotifyStmt',
  'DeclareCursorStmt',
  'FetchStmt',
  'ClosePortalStmt',
  'ExplainStmt',
  'LoadStmt',
]);

/** Functions that do the same as those statements, or wait. */
const CONTROL_FUNCTION =
  /^(set_config|pg_notify|pg_sleep\w*|pg_(try_)?advisory_\w+|pg_(cancel|terminate)_backend|pg_export_snapshot)$/;

export function isControl(kind: NodeKind): boolean {
  return CONTROL.has(kind);
}

/** Reports what only the migrator may do: transactions, settings, locks, and procedural code. */
export function* checkControl(statement: Node): Generator<Violation> {
  const kind = kindOfNode(statement);
  if (isControl(kind))
    yield { rule: 'transaction-control', detail: `a ${kind.replace(/Stmt$/, '')} statement` };
  for (const name of functionsIn(statement))
    if (CONTROL_FUNCTION.test(name)) yield { rule: 'transaction-control', detail: `calls ${name}()` };
}
