import { AppError, type AppErrorClass } from '../common/app-error';
import { DatabaseUnavailable } from '../common/common.errors';
import { ShopNotReady, ShopReadOnly, ShopSuspended } from '../tenancy/tenancy.errors';

const TOO_MANY_REQUESTS = 429;
/** States of shop or program that end by themselves, or when somebody opens the shop again. */
const PASSING = [ShopSuspended, ShopReadOnly, ShopNotReady, DatabaseUnavailable];

/** True if work in a shop should wait for a better moment instead of failing. @param others errors that this work waits for as well */
export function isPassing(error: unknown, others: readonly AppErrorClass[]): boolean {
  if (!(error instanceof AppError)) return false;
  return (
    error.kind.status === TOO_MANY_REQUESTS || [...PASSING, ...others].some((Kind) => error instanceof Kind)
  );
}
