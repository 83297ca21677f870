/** Values of a span, by name. */
export type Attributes = Record<string, string | number | boolean>;

/** Work whose duration a tracer reports, as a part of the span in which it begins. */
export type Span = <T>(name: string, attributes: Attributes, work: () => Promise<T>) => Promise<T>;

let span: Span | undefined;

/** Reports all spans of this process from now on. Call once, at the start; without it nothing is reported. */
export function reportSpans(to: Span): void {
  span = to;
}

/** Runs work in a span, or plainly if nothing reports spans. @param describe called only if something does */
export function inSpan<T>(
  describe: () => { name: string; attributes: Attributes },
  work: () => Promise<T>,
): Promise<T> {
  if (span === undefined) return work();
  const { name, attributes } = describe();
  return span(name, attributes, work);
}

/** True if something reports spans. */
export function isTraced(): boolean {
  return span !== undefined;
}

/** Version, trace id, span id, flags (W3C Trace Context, 3.2). */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

/** Trace id of a `traceparent` header; undefined without a valid one. */
export function traceIdIn(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? TRACEPARENT.exec(header)?.[1] : undefined;
}
