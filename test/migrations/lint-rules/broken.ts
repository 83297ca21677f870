import type { RuleName } from '../../../src/operations/lint/rules';
import { backfills } from './backfills';
import { columns } from './columns';
import { constraints } from './constraints';
import { contracts } from './contracts';
import { files } from './files';
import type { LintCases } from './lint-case';
import { names } from './names';
import { newerSyntax } from './newer-syntax';
import { objects } from './objects';
import { online } from './online';
import { poolShape } from './pool-shape';
import { sequences } from './sequences';
import { transactionControl } from './transaction-control';

/** For each rule the cases that break it, in their last file, and break nothing else. */
export const BROKEN: Record<RuleName, LintCases> = {
  ...backfills,
  ...columns,
  ...constraints,
  ...contracts,
  ...files,
  ...names,
  ...newerSyntax,
  ...objects,
  ...online,
  ...poolShape,
  ...sequences,
  ...transactionControl,
};
