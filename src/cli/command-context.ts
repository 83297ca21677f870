import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { createLogger, type Logger, NestLogger } from '../common/logger';
import { onSignal } from '../common/signals';
import { OperatorError } from '../common/report';
import { INVALID_AUTHORIZATION, INVALID_PASSWORD, sqlState } from '../common/sqlstate';
import { type Env, readEnv } from '../config/env';
import type { Base } from '../database/database.module';
import {
  adminOf,
  findInstallation,
  type Installation,
  openInstallation,
  unreachable,
} from '../database/installation';
import { whenReachable } from '../database/when-reachable';
import { withClient } from '../database/with-client';
import { assertInstalled } from '../operations/installed';
import type { TableDescriptions } from '../tenancy/described.decorator';

const EXIT_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

type Work<T> = (installation: Installation, env: Env, logger: Logger) => Promise<T>;
/** The application, which most commands do not need: its code takes most of a second to load. */
interface App {
  readonly describedTables: TableDescriptions;
  forRoot(base: Base): DynamicModule;
}
type AppWork<T> = (app: INestApplicationContext, env: Env) => Promise<T>;

/** Context of a command: opens what the command asks for, and closes it when the work is done. */
export class CommandContext {
  private readonly interrupt = new AbortController();
  private isInterruptible = false;
  private hasSaidDatabase = false;

  constructor(private readonly loadApp: () => Promise<App>) {}

  /** Loads the descriptions of the tables of a shop. */
  async describedTables(): Promise<TableDescriptions> {
    return (await this.loadApp()).describedTables;
  }

  /**
   * Aborted by SIGINT, SIGTERM and SIGHUP. A command that reads it ends by itself; any other command is terminated at
   * once, and PostgreSQL rolls its transaction back.
   */
  get signal(): AbortSignal {
    this.isInterruptible = true;
    return this.interrupt.signal;
  }

  /** Opens the database, bootstrapped and with `public` migrated, without the application. */
  withInstallation<T>(work: Work<T>): Promise<T> {
    return this.opened(openInstallation, work);
  }

  /** Opens the database as it is, without creating, granting or migrating anything. */
  withUntouchedInstallation<T>(work: Work<T>): Promise<T> {
    const explained: Work<T> = async (installation, env, logger) => {
      try {
        return await work(installation, env, logger);
      } catch (error) {
        throw unreachable(error, installation.server.description); // nothing has connected before the work
      }
    };
    return this.opened(findInstallation, explained).catch(explainRefusedLogin);
  }

  /** Opens the application without its HTTP side. */
  withApp<T>(work: AppWork<T>): Promise<T> {
    return this.withInstallation(this.inApp(work));
  }

  /** Opens the application for a process that runs for ever, which may start before its database. */
  withAwaitedApp<T>(work: AppWork<T>): Promise<T> {
    const open: typeof openInstallation = (env, logger, onServer) => {
      let say = onServer;
      const attempt = () => {
        const opening = openInstallation(env, logger, say);
        say = undefined; // once is enough
        return opening;
      };
      return whenReachable(attempt, logger, this.interrupt.signal);
    };
    return this.opened(open, this.inApp(work));
  }

  /** Opens the application on the database as it is, for work that only reads. */
  withUntouchedApp<T>(work: AppWork<T>): Promise<T> {
    return this.withUntouchedInstallation(async (installation, env, logger) => {
      await withClient(adminOf(installation).url, 'look', assertInstalled);
      return this.inApp(work)(installation, env, logger);
    });
  }

  private inApp<T>(work: AppWork<T>): Work<T> {
    return async (installation, env, logger) => {
      const { NestFactory } = await import('@nestjs/core'); // most commands do not need it
      const module = (await this.loadApp()).forRoot({ env, logger, installation });
      const app = await NestFactory.createApplicationContext(module, {
        logger: new NestLogger(logger),
        abortOnError: false,
      });
      try {
        return await work(app, env);
      } finally {
        await app.close();
      }
    };
  }

  private async opened<T>(open: typeof openInstallation, work: Work<T>): Promise<T> {
    const env = readEnv();
    const logger = createLogger(env.LOG_LEVEL === 'info' ? 'warn' : env.LOG_LEVEL, 2);
    const pending = open(env, logger, this.hasSaidDatabase ? () => undefined : sayDatabase);
    this.hasSaidDatabase = true;
    const stopListening = onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], (signal) => {
      this.interrupt.abort();
      if (!this.isInterruptible) void this.cutOff(pending, signal);
    });
    const installation = await pending;
    try {
      return await work(installation, env, logger);
    } finally {
      stopListening();
      await installation.server.close();
    }
  }

  /** Releases the database, even while it is being opened: an embedded server would keep running. */
  private async cutOff(pending: Promise<Installation>, signal: NodeJS.Signals): Promise<void> {
    try {
      await (await pending).server.close();
    } finally {
      process.exit(EXIT_CODES[signal] ?? 1);
    }
  }
}

/** Says which database a command works on: on standard error, since standard output holds the answer. */
export function sayDatabase(description: string): void {
  process.stderr.write(`database  ${description}\n`);
}

/** A command that changes nothing sets no password, so the logins exist only where the program has run. */
function explainRefusedLogin(cause: unknown): never {
  if (![INVALID_PASSWORD, INVALID_AUTHORIZATION].includes(sqlState(cause) ?? '')) throw cause;
  throw new OperatorError(
    'The database refuses the login: DATABASE_URL has another password, or the program never ran on this database, ' +
      'or it ran with another APP_SECRET or ADMIN_SECRET.',
    { cause },
  );
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.kill(process.pid, 'SIGTERM'); // the reader, for example `head`, has closed the pipe
});

/** Writes a line of a command's output. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}
