import { createHash, type Hash } from 'node:crypto';

/** Header that names a request, so that its repetition gets the first answer instead of doing the work again. */
export const IDEMPOTENCY_KEY = 'idempotency-key';

/** Metadata of a controller or route: whether its POST routes take the header. */
export const TAKES_KEY = 'stoa:takes-key';

/** A request that may carry the header; whoever reads its body leaves the body's hash here. */
export interface KeyedRequest {
  headers: Record<string, string | string[] | undefined>;
  bodyHash?: Hash;
}

/** Starts the hash of the body of a request with a key; undefined without one, since nobody would ask for it. */
export function hashBody(request: KeyedRequest): Hash | undefined {
  if (request.headers[IDEMPOTENCY_KEY] === undefined) return undefined;
  return (request.bodyHash = createHash('sha256'));
}
