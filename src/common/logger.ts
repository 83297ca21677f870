import type { LoggerService } from '@nestjs/common';
import pino from 'pino';

export type Logger = pino.Logger;

/** Injection token of the logger. */
export const LOGGER = Symbol('Logger');

/**
 * The process's structured log: one JSON object a line, fields instead of sentences.
 * @param fd 1 for standard output; 2 for commands, whose standard output is their answer
 */
export function createLogger(level: string, fd: 1 | 2 = 1): Logger {
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, pino.destination(fd));
}

/** Hands what Nest itself logs to pino. Start-up chatter goes to debug. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ event: 'nest', context }, String(message));
  }
  warn(message: unknown, context?: string): void {
    this.logger.warn({ event: 'nest', context }, String(message));
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error({ event: 'nest', rest }, String(message));
  }
  debug(message: unknown, context?: string): void {
    this.logger.trace({ event: 'nest', context }, String(message));
  }
  fatal(message: unknown): void {
    this.logger.fatal({ event: 'nest' }, String(message));
  }
}
