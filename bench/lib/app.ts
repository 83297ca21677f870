import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { AppModule } from '../../src/app/app.module';
import { createLogger, NestLogger } from '../../src/common/logger';
import type { Env } from '../../src/config/env';
import type { Installation } from '../../src/database/installation';

/** Runs the application without HTTP in this process. */
export async function withApp(
  installation: Installation,
  env: Env,
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  const logger = createLogger(env.LOG_LEVEL);
  const app = await NestFactory.createApplicationContext(AppModule.forRoot({ env, logger, installation }), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  try {
    await work(app);
  } finally {
    await app.close();
  }
}
