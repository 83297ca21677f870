import { reportOf } from '../../src/common/report';

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Runs a benchmark as a command; its errors are reported like those of the program. */
export function start(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.stderr.write(`${reportOf(error)}\n`);
    process.exitCode = 1;
  });
}

/** The n-th argument as a whole number above 0, or its default. */
export function countArgument(position: number, byDefault: number): number {
  const count = Number(process.argv[position + 1] ?? byDefault);
  if (!Number.isInteger(count) || count < 1) throw new Error(`argument ${position} must be a whole number`);
  return count;
}
