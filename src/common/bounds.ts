/** Largest JSON body of a request, in KiB. A plan may lower it. */
export const MAX_BODY_KIB = 1024;

/** Rows of a page of a list: by default, and at most. A plan may lower the most, not beyond the default. */
export const DEFAULT_PAGE = 20;
export const MAX_PAGE = 100;
