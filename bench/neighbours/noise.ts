import { setPriority } from 'node:os';
import autocannon from 'autocannon';

const CONNECTIONS = 200;
/** How long a client waits for an answer: longer than the queue and a statement may take. */
const CLIENT_SECONDS = 60;
/** The noisy shop's clients have a machine of their own: they must not take the processor from the program. */
const LEAST_PRIORITY = 19;

/** Answers that the noisy shop got. */
export interface Noise {
  errors: number;
  /** Number of answers by status. */
  statuses: Record<string, number>;
}

/** A process that calls a URL without a pause, refused or not: arguments are the URL, an access token and the seconds. It sends a `Noise`. */
async function main(): Promise<void> {
  setPriority(LEAST_PRIORITY);
  const [url = '', token = '', seconds] = process.argv.slice(2);
  const { errors, statusCodeStats = {} } = await autocannon({
    ...{ url, connections: CONNECTIONS, duration: Number(seconds), timeout: CLIENT_SECONDS },
    headers: { authorization: `Bearer ${token}` },
  });
  const counts = Object.entries(statusCodeStats).map(([status, { count = 0 }]) => [status, count] as const);
  const noise: Noise = { errors, statuses: Object.fromEntries(counts) };
  process.send!(noise, () => process.disconnect()); // it is forked
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
