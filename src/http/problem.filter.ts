import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '../common/app-error';
import { UnsupportedMediaType } from '../common/common.errors';
import type { Logger } from '../common/logger';
import { isAwaited } from './awaited-body';
import { sendsBody, takenBy } from './bodies';
import { freeBytes } from './free-bytes';
import { problemOf, toAppError } from './problem';

/** A request that got a problem document; its log line has the code. */
export type FailedRequest = FastifyRequest & { problemCode?: string };

/** Sends every error as a problem document. Server errors are logged once, in full, with the request id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.send(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  send(thrown: unknown, request: FailedRequest, reply: FastifyReply): void {
    const error = withTaken(toAppError(thrown), request);
    const { status, code } = error.kind;
    if (status >= 500) {
      const level = status === 500 ? 'error' : 'warn';
      this.logger[level](
        { event: 'request.failed', requestId: request.id, code, err: error.cause ?? error },
        code,
      );
    }
    if (reply.sent) return;
    request.problemCode = code;
    drain(request, reply);
    if (error.details.retryAfter !== undefined) void reply.header('retry-after', error.details.retryAfter);
    if (status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply
      .status(status)
      .header('x-request-id', request.id)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(JSON.stringify(problemOf(error, request.id)));
  }
}

/** Adds what the route takes: Fastify refuses a content type that no route takes, or none at all, without a word about it. */
function withTaken(error: AppError, request: FastifyRequest): AppError {
  const { kind, details } = error;
  if (kind !== UnsupportedMediaType.kind || details.detail !== undefined) return error;
  return new UnsupportedMediaType({ ...details, detail: takenBy(request) });
}

const DRAIN_MS = 10_000;
const DRAIN_BYTES = 8_388_608;

/**
 * Reads the rest of a refused body for a while: the client reads the answer only after it has sent everything, and an unread
 * connection could neither serve again nor notice that the client has gone. Of a larger rest nothing is read, so the client must stop:
 * it has the answer, which would be lost if the connection were closed at once.
 */
function drain(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request;
  if (raw.complete || raw.destroyed || !sendsBody(request)) return;
  if (isAwaited(raw)) return void reply.header('connection', 'close'); // the body does not follow
  void reply.removeHeader('connection'); // Fastify would close at once
  const { socket } = raw;
  const most = socket.bytesRead + DRAIN_BYTES;
  raw
    .on('data', (part: Buffer) => {
      freeBytes(part);
      if (socket.bytesRead > most) raw.pause();
    })
    .resume();
  const timer = setTimeout(() => raw.destroy(), DRAIN_MS).unref();
  raw.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
}
