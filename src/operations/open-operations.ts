/** A runner without a heartbeat for this long has lost its lease. Seconds. */
const LEASE_SECONDS = 15;

/** SQL condition on a row of operations: its runner has lost the lease. */
export const IS_ABANDONED = `(state = 'running' AND seen_at < now() - interval '${LEASE_SECONDS} seconds')`;

/** SQL condition on a row `h` of held_tenants: no operation is at work on it, nor will be. */
export const IS_LEFT = `NOT EXISTS (SELECT FROM public.operations w
  WHERE w.id = h.operation_id AND w.state IN ('queued', 'running'))`;
