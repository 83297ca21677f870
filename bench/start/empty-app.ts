import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { print, start } from '../lib/command';

@Controller()
class RootController {
  @Get()
  root(): object {
    return {};
  }
}

@Module({
  controllers: [RootController],
  providers: [
    {
      provide: DataSource,
      useFactory: () =>
        new DataSource({
          type: 'postgres',
          url: process.env['EMPTY_URL']!, // the benchmark sets it
          installExtensions: false,
        }).initialize(),
    },
  ],
})
class EmptyModule {}

/** The minimum that Nest needs to answer, with a pool to a database. */
start(async () => {
  const app = await NestFactory.create<NestFastifyApplication>(EmptyModule, new FastifyAdapter(), {
    logger: false,
  });
  await app.listen(0, '127.0.0.1');
  print(`ready on ${await app.getUrl()}`);
  process.once('SIGTERM', () => process.exit(0));
});
