import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { createLogger, type Logger, NestLogger } from '../common/logger';
import { type Env, readEnv } from '../config/env';
import type { Base } from '../database/database.module';
import { type Installation, openInstallation } from '../database/installation';

/** What a command works with. Everything is opened when asked for and closed when the work is done. */
export class CommandContext {
  constructor(
    private readonly appModule: (base: Base) => Parameters<typeof NestFactory.createApplicationContext>[0],
  ) {}

  /** The database, bootstrapped and with `public` migrated, without the application. */
  async withInstallation<T>(
    work: (installation: Installation, env: Env, logger: Logger) => Promise<T>,
  ): Promise<T> {
    const env = readEnv();
    const logger = createLogger(env.LOG_LEVEL === 'info' ? 'warn' : env.LOG_LEVEL, 2);
    const installation = await openInstallation(env, logger);
    try {
      return await work(installation, env, logger);
    } finally {
      await installation.server.close();
    }
  }

  /** The application without its HTTP side. */
  async withApp<T>(work: (app: INestApplicationContext, env: Env) => Promise<T>): Promise<T> {
    return this.withInstallation(async (installation, env, logger) => {
      const app = await NestFactory.createApplicationContext(this.appModule({ env, logger, installation }), {
        logger: new NestLogger(logger),
        abortOnError: false,
      });
      try {
        return await work(app, env);
      } finally {
        await app.close();
      }
    });
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // the reader, such as `head`, has seen enough
  throw error;
});

/** Writes a line of a command's answer. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}
