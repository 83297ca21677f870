import { OpeningClient } from '../database/borrowed-client';

/**
 * A connection of the admin login that is made when first used and again after it broke. `pg` sends what is
 * asked for without waiting for the answers before, so two workers can share one: the next tenant's message is
 * there when the server has done the last.
 *
 * The plans of the functions that a step calls are kept; a runner that is killed is noticed within a second, and
 * its locks are free then (PostgreSQL manual, client_connection_check_interval).
 */
export class Lane {
  private opening: Promise<OpeningClient> | undefined;

  constructor(
    private readonly url: string,
    private readonly name: string,
  ) {}

  client(): Promise<OpeningClient> {
    return (this.opening ??= this.open());
  }

  /** Ends the connection, and with it whatever it holds: locks, role, transaction. The next use opens another. */
  async reset(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    const client = await opening?.catch(() => undefined); // it never was open
    await client?.end().catch(() => undefined); // it was broken: that is why
  }

  private async open(): Promise<OpeningClient> {
    const client = new OpeningClient({
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
      this.opening = undefined;
      throw error;
    }
  }
}
