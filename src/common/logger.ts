import type { LoggerService } from '@nestjs/common';
import pino from 'pino';

export type Logger = pino.Logger;

/** The process's structured log: one JSON object a line on standard output, fields instead of sentences. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
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
