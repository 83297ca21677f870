import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ATTACKS, run } from './attacks';

/** Time until the connections of an attack stand. */
const BEGIN_MS = 1000;
/** An attacker has a machine of its own: it must not take the processor from the program. */
const LEAST_PRIORITY = 19;

/** A process that attacks until it gets a message: arguments are the attack, URL and token. It sends what its clients got. */
async function main(): Promise<void> {
  setPriority(LEAST_PRIORITY);
  const [name, url = '', token = ''] = process.argv.slice(2);
  const attack = ATTACKS.find((one) => one.name === name);
  if (attack === undefined) throw new Error(`there is no attack ${name}`);
  const end = new AbortController();
  process.once('message', () => end.abort());
  const counts: Record<string, number> = {};
  const running = run(attack, { url, token }, end.signal, (how) => (counts[how] = (counts[how] ?? 0) + 1));
  await sleep(BEGIN_MS);
  process.send!('begun'); // it is forked
  await running;
  process.send!(counts, () => process.disconnect());
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
