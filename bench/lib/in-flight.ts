/** Repeats `work` for `seconds` with `inFlight` calls at a time. @returns calls per second */
export async function perSecond(
  inFlight: number,
  seconds: number,
  work: () => Promise<unknown>,
): Promise<number> {
  const started = performance.now();
  const end = started + seconds * 1000;
  let done = 0;
  const worker = async () => {
    while (performance.now() < end) {
      await work();
      done++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (done * 1000) / (performance.now() - started);
}
