import { EngineClient } from './engine-client';

/** Runs work on a connection of its own, outside any pool, and closes it. */
export async function withClient<T>(
  url: string,
  applicationName: string,
  work: (client: EngineClient) => Promise<T>,
): Promise<T> {
  const client = new EngineClient({ connectionString: url, application_name: `stoa ${applicationName}` });
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}
