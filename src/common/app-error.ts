/** One entry of the error catalogue in `docs/errors.md`. */
export interface ErrorKind {
  /** UPPER_SNAKE, unique, never changed once released: the contract with clients. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** One short sentence for people; may change at any time. */
  readonly title: string;
}

export interface ErrorDetails {
  /** Describes what is wrong with this request. No secret, no SQL, no stack. */
  detail?: string;
  /** Per-field or per-row findings. */
  errors?: readonly object[];
  /** Seconds to wait before a retry; sent as `Retry-After`. */
  retryAfter?: number;
  cause?: unknown;
}

/**
 * Base class of all errors thrown on purpose. Define subclasses by `defineError`, so that the catalogue is complete
 * (`test/common/error-catalogue.spec.ts` compares it with `docs/errors.md`).
 */
export class AppError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly details: ErrorDetails = {},
  ) {
    super(details.detail ?? kind.title, { cause: details.cause });
    this.name = kind.code;
  }
}

/** Class of one kind of error: instantiate it to throw, read `kind` to document a route. */
export type AppErrorClass = (new (details?: ErrorDetails) => AppError) & { readonly kind: ErrorKind };

const catalogue = new Map<string, ErrorKind>();

/** Declares an error. @throws Error at import time if another error has the code */
export function defineError(code: string, status: number, title: string): AppErrorClass {
  if (catalogue.has(code)) throw new Error(`error code ${code} is defined twice`);
  const kind: ErrorKind = { code, status, title };
  catalogue.set(code, kind);
  return class extends AppError {
    static readonly kind = kind;
    constructor(details?: ErrorDetails) {
      super(kind, details);
    }
  };
}

/** All errors declared so far, sorted by code. */
export function errorCatalogue(): ErrorKind[] {
  return [...catalogue.values()].sort((a, b) => a.code.localeCompare(b.code));
}
