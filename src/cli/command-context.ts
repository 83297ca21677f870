import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { createLogger, type Logger, NestLogger } from '../common/logger';
import { onSignal } from '../common/signals';
import { type Env, readEnv } from '../config/env';
import type { Base } from '../database/database.module';
import { findInstallation, type Installation, openInstallation } from '../database/installation';

const EXIT_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

type Work<T> = (installation: Installation, env: Env, logger: Logger) => Promise<T>;

/** What a command works with. Everything is opened when asked for and closed when the work is done. */
export class CommandContext {
  private readonly interrupt = new AbortController();
  private isInterruptible = false;

  constructor(private readonly loadAppModule: (base: Base) => Promise<DynamicModule>) {}

  /**
   * Aborted by SIGINT, SIGTERM and SIGHUP. A command that asks for it ends by itself when it is aborted; any other
   * is cut off there and then, and PostgreSQL undoes its transaction.
   */
  get signal(): AbortSignal {
    this.isInterruptible = true;
    return this.interrupt.signal;
  }

  /** The database, bootstrapped and with `public` migrated, without the application. */
  withInstallation<T>(work: Work<T>): Promise<T> {
    return this.opened(openInstallation, work);
  }

  /** The database as it is: opened without making, granting or migrating anything. */
  withUntouchedInstallation<T>(work: Work<T>): Promise<T> {
    return this.opened(findInstallation, work);
  }

  /** The application without its HTTP side. */
  async withApp<T>(work: (app: INestApplicationContext, env: Env) => Promise<T>): Promise<T> {
    return this.withInstallation(async (installation, env, logger) => {
      const { NestFactory } = await import('@nestjs/core'); // most commands do without
      const module = await this.loadAppModule({ env, logger, installation });
      const app = await NestFactory.createApplicationContext(module, {
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

  private async opened<T>(open: typeof openInstallation, work: Work<T>): Promise<T> {
    const env = readEnv();
    const logger = createLogger(env.LOG_LEVEL === 'info' ? 'warn' : env.LOG_LEVEL, 2);
    const opening = open(env, logger);
    const stopListening = onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], (signal) => {
      this.interrupt.abort();
      if (!this.isInterruptible) void this.cutOff(opening, signal);
    });
    const installation = await opening;
    try {
      return await work(installation, env, logger);
    } finally {
      stopListening();
      await installation.server.close();
    }
  }

  /** Lets go of the database even when it is just being opened: an embedded server would be left behind. */
  private async cutOff(opening: Promise<Installation>, signal: NodeJS.Signals): Promise<void> {
    try {
      await (await opening).server.close();
    } finally {
      process.exit(EXIT_CODES[signal] ?? 1);
    }
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.kill(process.pid, 'SIGTERM'); // the reader, such as `head`, has seen enough
});

/** Writes a line of a command's answer. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}
