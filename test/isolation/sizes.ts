/** How much the kit does. `npm test` takes the small figures, `npm run test:isolation` sets the large ones. */
export const SIZES = {
  shops: size('KIT_SHOPS', 40),
  requests: size('KIT_REQUESTS', 4000),
  /** Requests under way at once. */
  workers: size('KIT_WORKERS', 32),
  /** How long connections are cut, and how many. */
  seconds: size('KIT_SECONDS', 8),
  kills: size('KIT_KILLS', 25),
  /** Of the order of requests; printed, so that a run can be repeated. */
  seed: size('KIT_SEED', Date.now() % 1_000_000),
};

function size(name: string, usual: number): number {
  const given = process.env[name];
  if (given === undefined || given === '') return usual;
  if (!/^\d+$/.test(given)) throw new Error(`${name} must be a whole number`);
  return Number(given);
}
