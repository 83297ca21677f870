import {
  type Context,
  context,
  diag,
  DiagLogLevel,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from '../common/logger';
import { type Attributes, reportSpans } from '../common/tracing';
import type { Env } from '../config/env';
import type { FailedRequest } from '../http/problem.filter';

const NAME = 'stoa';
/** How long a stop waits for the last spans to be sent. Milliseconds. */
const LAST_MS = 2000;

interface TracedRequest {
  span?: Span;
}

/**
 * Reports spans to a collector that speaks OTLP over HTTP: request, transaction of a shop, statement. Spans that cannot be
 * sent are lost; requests never wait for them.
 * @returns a function that sends what is left and ends the reports
 */
export async function startTracing(env: Env, logger: Logger): Promise<() => Promise<void>> {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return () => Promise.resolve();
  logLibrary(logger);
  const sdk = await import('@opentelemetry/sdk-trace-node'); // loaded only if enabled
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': env.OTEL_SERVICE_NAME, 'process.pid': process.pid }),
    sampler: new sdk.ParentBasedSampler({
      root: new sdk.TraceIdRatioBasedSampler(env.OTEL_TRACES_SAMPLER_ARG),
    }),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  provider.register();
  reportSpans(runInSpan);
  return async () => {
    await Promise.race([provider.shutdown(), new Promise((resolve) => setTimeout(resolve, LAST_MS).unref())]);
  };
}

/** Passes errors of the library, such as a collector that does not answer, to our log. */
function logLibrary(logger: Logger): void {
  const warn = (message: string, ...rest: unknown[]) =>
    logger.warn({ event: 'tracing.library', details: rest.map(String) }, message);
  const ignore = () => undefined;
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
}

function runInSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  return trace.getTracer(NAME).startActiveSpan(name, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      // Messages of PostgreSQL may contain values of rows; the type and the code do not.
      const { name: type, code } = error as { name?: string; code?: unknown };
      span.setAttribute('error.type', typeof code === 'string' ? code : (type ?? 'unknown'));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/**
 * Opens a span for each request, inside the trace that its `traceparent` names. Add it before the routes.
 * @param factsOf facts about a served request, by their names in the log
 */
export function traceRequests(fastify: FastifyInstance, factsOf: (request: FastifyRequest) => object): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const span = trace.getTracer(NAME).startSpan(
      request.method,
      {
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': request.method, 'stoa.requestId': request.id },
      },
      callerOf(request),
    );
    (request as TracedRequest).span = span;
    context.with(trace.setSpan(context.active(), span), done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { span } = request as TracedRequest;
    const route = request.routeOptions.url;
    const { problemCode } = request as FailedRequest;
    if (route !== undefined) span?.updateName(`${request.method} ${route}`).setAttribute('http.route', route);
    for (const [name, fact] of Object.entries(factsOf(request)))
      if (typeof fact === 'string') span?.setAttribute(`stoa.${name}`, fact);
    if (problemCode !== undefined) span?.setAttribute('error.type', problemCode);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
}

/** Trace of the caller, or a new one. */
function callerOf(request: FastifyRequest): Context {
  return propagation.extract(context.active(), request.headers);
}

/** Id of the request's own trace. */
export function traceIdOf(request: FastifyRequest): string | undefined {
  return (request as TracedRequest).span?.spanContext().traceId;
}
