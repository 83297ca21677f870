import { EngineClient } from '../database/engine-client';

/**
 * A connection of the admin login that opens on first use and again after `reset`. `pg` sends queries without waiting
 * for earlier answers, so two workers can share one: the next tenant's message is already on the server when the
 * server finishes the last.
 *
 * The connection keeps the plans of the functions that a step calls. PostgreSQL notices a killed runner within a
 * second and releases its locks (PostgreSQL manual, client_connection_check_interval).
 */
export class ReconnectingClient {
  private connecting: Promise<EngineClient> | undefined;

  constructor(
    private readonly url: string,
    private readonly name: string,
  ) {}

  client(): Promise<EngineClient> {
    return (this.connecting ??= this.open());
  }

  /** Closes the connection, which releases its locks, role and transaction. The next use opens another. */
  async reset(): Promise<void> {
    const { connecting } = this;
    this.connecting = undefined;
    const client = await connecting?.catch(() => undefined); // it was never open
    await client?.end().catch(() => undefined); // it was broken, hence the reset
  }

  private async open(): Promise<EngineClient> {
    const client = new EngineClient({
      connectionString: this.url,
      application_name: `stoa ${this.name}`,
      pipeline: true,
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      options: '-c client_connection_check_interval=1000 -c client_min_messages=error -c jit=off',
    });
    try {
      await client.connect();
      return client;
    } catch (error) {
      this.connecting = undefined;
      throw error;
    }
  }
}
