/** Variants that a change of a product may have while the shop is over a quota: each with another stock is a row of the ledger. */
const FEW = 100;

/** True for the body of a change, not yet validated, that adds variants, or changes so many that their records count as rows added. */
export function addsVariants(body: unknown): boolean {
  const { variants } = (body ?? {}) as { variants?: unknown };
  if (!Array.isArray(variants)) return false; // validation refuses all else
  return (
    variants.length > FEW || variants.some((variant: { id?: unknown } | null) => variant?.id === undefined)
  );
}
