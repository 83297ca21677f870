import type { QueryRunner } from 'typeorm';
import type { OpeningClient } from '../../database/borrowed-client';
import { runBackfill } from './backfill';
import type { Lane } from '../reconnecting-client';
import { runOnline } from './online';
import type { Step } from './step-planner';
import { closeSql, openSql, type StepContext } from './step-sql';

/** Connections of a worker. */
export interface Lanes {
  /** Shared with another worker: whole transactions in one message only. */
  shared: Lane;
  /** For steps of several messages. Opened when the first such step comes. */
  own: Lane;
}

/**
 * Takes one tenant one step further, or back: all of the step is there afterwards, or nothing (of a backfill:
 * whole batches; of an online step: what its next attempt finds and uses).
 * @throws the server's error, to be told apart by `faultOf`; Interrupted
 */
export async function takeStep(
  lanes: Lanes,
  step: Step,
  context: StepContext,
  signal: AbortSignal,
): Promise<void> {
  const { kind } = step.migration;
  if (kind === 'sql') return inOneMessage(await lanes.shared.client(), step, context);
  const client = await lanes.own.client();
  try {
    if (kind === 'code') await runCode(client, step, context);
    else if (kind === 'online') await runOnline(client, step, context);
    else await runBackfill(client, step, context, signal);
  } catch (error) {
    await lanes.own.reset(); // whatever it holds, it lets go of
    throw error;
  }
}

async function inOneMessage(client: OpeningClient, step: Step, context: StepContext): Promise<void> {
  try {
    await client.open(`${openSql(step, context)}${step.migration[step.direction]}${closeSql(step, context)}`);
  } catch (error) {
    await client.open('ROLLBACK').catch(() => undefined); // the connection is gone, and with it the transaction
    throw error;
  }
}

async function runCode(client: OpeningClient, step: Step, context: StepContext): Promise<void> {
  await client.open(openSql(step, context));
  await runCodeOf(client, step);
  await client.open(closeSql(step, context));
}

/** The file's own code, with a runner that does nothing but query inside the transaction. */
export async function runCodeOf(client: OpeningClient, { migration, direction }: Step): Promise<void> {
  const runner = {
    query: async (sql: string, parameters?: unknown[]) =>
      (await client.query(sql, parameters)).rows as unknown,
  };
  await migration.source[direction](runner as unknown as QueryRunner);
}
