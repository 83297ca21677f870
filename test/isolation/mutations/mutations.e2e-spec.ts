import { type Mutant, MUTANTS } from './mutants';
import { MutatedProject, type Verdict } from './mutated-project';

const FIVE_MINUTES = 300_000;

describe('the isolation kit', () => {
  let project: MutatedProject;
  let killed = 0;

  beforeAll(() => {
    project = new MutatedProject();
  });
  afterAll(() => {
    project.remove();
    const rate = ((100 * killed) / MUTANTS.length).toFixed(0);
    process.stdout.write(`mutants killed: ${killed} of ${MUTANTS.length}, ${rate} %\n`);
  });

  function note(name: string, { failed, first, seconds }: Verdict): void {
    const end = failed > 0 ? `killed by "${first}"` : 'SURVIVED';
    process.stdout.write(`  ${name.padEnd(56)} ${seconds.toFixed(0).padStart(4)} s  ${end}\n`);
  }

  /** Runs the likely suite first, and the whole kit if that suite does not notice the mutant. */
  async function judge(mutant: Mutant): Promise<Verdict> {
    const likely = await project.test(mutant.suite);
    if (likely.failed > 0) return likely;
    const whole = await project.test();
    return { ...whole, seconds: likely.seconds + whole.seconds };
  }

  it(
    'passes on the project as it is',
    async () => {
      const { failed, broken, passed, first, seconds } = await project.test();
      process.stdout.write(`without a mutant: ${passed} tests in ${seconds.toFixed(0)} s\n`);
      expect({ failed, broken, first }).toEqual({ failed: 0, broken: 0, first: undefined });
      expect(passed).toBeGreaterThan(300);
    },
    FIVE_MINUTES,
  );

  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    'fails when %s',
    async (name, mutant) => {
      const verdict = await project.with(mutant, () => judge(mutant));
      note(name, verdict);
      if (verdict.failed > 0 && verdict.broken === 0) killed++;
      expect({ broken: verdict.broken, isKilled: verdict.failed > 0 }).toEqual({ broken: 0, isKilled: true });
    },
    2 * FIVE_MINUTES,
  );
});
