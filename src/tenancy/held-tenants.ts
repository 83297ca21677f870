/**
 * `filling`: an operation loads data into it. `filled`: loaded and verified, about to become a shop. `replaced`: data that a
 * restore has replaced, kept so that it can be undone. `removing`: its tables are being dropped.
 */
export const HOLD_REASONS = ['filling', 'filled', 'replaced', 'removing'] as const;

export type HoldReason = (typeof HOLD_REASONS)[number];

/** SQL condition on a row `t` of tenants: nothing may migrate, claim or serve it. */
export const IS_CLOSED = `EXISTS (SELECT FROM public.held_tenants h
  WHERE h.shop_id = t.shop_id AND h.reason IN ('filling', 'removing'))`;
