import type { Node } from 'libpg-query';
import type { Breach } from './lint-finding';
import { everyBody, kindOfNode, namesOf, type NodeKind } from './syntax-tree';

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

/** Functions that do what those statements do, or wait. */
const CONTROL_FUNCTION =
  /^(set_config|pg_notify|pg_sleep\w*|pg_(try_)?advisory_\w+|pg_(cancel|terminate)_backend|pg_export_snapshot)$/;

export function isControl(kind: NodeKind): boolean {
  return CONTROL.has(kind);
}

/** What belongs to whoever runs the migration: transactions, settings, locks, and code that decides by itself. */
export function* checkControl(statement: Node): Generator<Breach> {
  const kind = kindOfNode(statement);
  if (isControl(kind))
    yield { rule: 'transaction-control', detail: `a ${kind.replace(/Stmt$/, '')} statement` };
  for (const { funcname } of everyBody('FuncCall', statement)) {
    const name = namesOf(funcname).at(-1) ?? '';
    if (CONTROL_FUNCTION.test(name)) yield { rule: 'transaction-control', detail: `calls ${name}()` };
  }
}
