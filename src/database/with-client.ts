import { OpeningClient } from './borrowed-client';

/** Runs work on a connection of its own, outside any pool, and closes it. */
export async function withClient<T>(
  url: string,
  applicationName: string,
  work: (client: OpeningClient) => Promise<T>,
): Promise<T> {
  const client = new OpeningClient({ connectionString: url, application_name: `stoa ${applicationName}` });
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}
