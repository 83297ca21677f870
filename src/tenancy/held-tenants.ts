/**
 * `filling`: an operation loads data into it. `filled`: loaded and verified, about to become a shop. `replaced`: data that a
 * restore has replaced, kept so that it can be undone. `removing`: its tables are being dropped.
 */
export const HOLD_REASONS = ['filling', 'filled', 'replaced', 'removing'] as const;

export type HoldReason = (typeof HOLD_REASONS)[number];
