import type { LoggerService } from '@nestjs/common';
import pino from 'pino';

export type Logger = pino.Logger;

/** Injection token of the logger. */
export const LOGGER = Symbol('Logger');

/**
 * Creates the structured log of the process: one JSON object per line, fields instead of sentences.
 * @param fd 1 for standard output; 2 for commands, whose standard output is their result
 */
export function createLogger(level: string, fd: 1 | 2 = 1): Logger {
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: withoutValues },
  };
  return pino(options, pino.destination(fd));
}

/**
 * Serializes an error without values. Database errors carry the parameters of the query and the key that collided, such as
 * an e-mail address; neither belongs in a log.
 */
function withoutValues(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return { type: typeof error };
  const { name, message, stack, cause } = error as Partial<Error>; // by shape: it may come from another realm
  const { code, query } = error as { code?: unknown; query?: unknown };
  return {
    ...{ type: name, message, code, stack },
    ...(typeof query === 'string' ? { query } : {}),
    ...(cause === undefined ? {} : { cause: withoutValues(cause) }),
  };
}

/** Passes Nest's own messages to pino; informational ones at level debug. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ event: 'nest', context }, String(message));
  }
  warn(message: unknown, context?: string): void {
    this.logger.warn({ event: 'nest', context }, String(message));
  }
  error(message: unknown, ...rest: unknown[]): void {
    const given = rest.filter((it) => it !== undefined).map(String);
    this.logger.error({ event: 'nest', rest: given }, String(message));
  }
  debug(message: unknown, context?: string): void {
    this.logger.trace({ event: 'nest', context }, String(message));
  }
  fatal(message: unknown): void {
    this.logger.fatal({ event: 'nest' }, String(message));
  }
}
