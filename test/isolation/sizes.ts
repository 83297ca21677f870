/** Amount of work of the kit. `npm test` uses the small figures, `npm run test:isolation` sets the large ones. */
export const SIZES = {
  shops: size('KIT_SHOPS', 40),
  requests: size('KIT_REQUESTS', 4000),
  /** Concurrent requests. */
  workers: size('KIT_WORKERS', 32),
  /** Seconds for which connections are cut, and their number. */
  seconds: size('KIT_SECONDS', 8),
  kills: size('KIT_KILLS', 25),
  /** Seed of the order of requests; printed, so that a run can be repeated. */
  seed: size('KIT_SEED', Date.now() % 1_000_000),
};

function size(name: string, usual: number): number {
  const given = process.env[name];
  if (given === undefined || given === '') return usual;
  if (!/^\d+$/.test(given)) throw new Error(`${name} must be a whole number`);
  return Number(given);
}
