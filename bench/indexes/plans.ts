import type { Explained, PlanNode } from './explained';

/** Above this number of rows a table must not be scanned. */
const LARGE = 1000;
/** Blocks that a statement may read in any case, and further blocks for each row that it returns or writes. */
const BLOCKS = 100;
const BLOCKS_A_ROW = 40;

export interface Finding {
  statement: string;
  plan: string;
  rows: number;
  blocks: number;
  fault: string | null;
}

/**
 * @param sizes number of rows of each table
 * @param granted blocks that the statement may read in any case; Infinity also allows scans of large tables
 */
export function findingOf(
  { 'Query Text': text, Plan: plan }: Explained,
  sizes: Map<string, number>,
  granted = BLOCKS,
): Finding {
  const nodes = [...nodesOf(plan)];
  const rows = rowsOf(plan);
  const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
  const isLarge = (node: PlanNode) => sizeOf(node, sizes) > LARGE && node['Actual Loops'] > 0;
  const large = nodes.find((node) => node['Node Type'] === 'Seq Scan' && isLarge(node));
  const allowed = Math.max(granted, BLOCKS + BLOCKS_A_ROW * rows);
  const faults = [
    ...(large === undefined || granted === Infinity ? [] : [`reads all of ${large['Relation Name']}`]),
    ...(blocks > allowed ? [`reads ${blocks} blocks for ${rows} rows`] : []),
  ];
  return {
    statement: text.replace(/\s+/g, ' ').trim(),
    plan: nodes.flatMap((node) => scanOf(node)).join(' + '),
    rows,
    blocks,
    fault: faults.length === 0 ? null : faults.join(', '),
  };
}

function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* nodesOf(child);
}

/** Rows that a statement returns or writes. */
function rowsOf(plan: PlanNode): number {
  const { 'Node Type': type, Plans: [input] = [] } = plan;
  const written = type === 'ModifyTable' ? (input?.['Actual Rows'] ?? 0) : 0;
  return Math.round(Math.max(plan['Actual Rows'], written));
}

function sizeOf(node: PlanNode, sizes: Map<string, number>): number {
  return sizes.get(node['Relation Name'] ?? '') ?? 0;
}

/** `products_pkey backwards ×21`; empty for nodes that only pass on the rows of others. */
function scanOf(node: PlanNode): string[] {
  const { 'Node Type': type, 'Index Name': index, 'Relation Name': table, 'Actual Loops': loops } = node;
  if (type === 'Bitmap Heap Scan' || type === 'ModifyTable' || (index ?? table) === undefined) return [];
  if (loops === 0) return [`${index ?? table} never`];
  const backwards = node['Scan Direction'] === 'Backward' ? ' backwards' : '';
  return [`${index ?? `all of ${table}`}${backwards}${loops > 1 ? ` ×${loops}` : ''}`];
}
