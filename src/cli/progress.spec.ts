import { type Progress, startProgress } from './progress';

/** Everything that a progress writes to standard error, on a terminal or in a log. */
function written(isTerminal: boolean, use: (progress: Progress) => void): string {
  const { isTTY } = process.stderr;
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  process.stderr.isTTY = isTerminal;
  try {
    const progress = startProgress('restoring');
    use(progress);
    progress.stop();
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    process.stderr.isTTY = isTTY;
    write.mockRestore();
  }
}

describe.each([
  ['a terminal', true],
  ['a log', false],
])('progress on %s', (_, isTerminal) => {
  it('shows no figures while the total is unknown', () => {
    const text = written(isTerminal, (progress) => progress.update(0, 'load', 0));
    expect(text).toContain('restoring load\n');
    expect(text).not.toMatch(/\d\/(\d|s)|NaN|%/);
  });

  it('counts what is done while the total is unknown', () => {
    const text = written(isTerminal, (progress) => progress.update(1234, 'export', 0));
    expect(text).toMatch(/restoring 1\.2K.* export\n/);
    expect(text).not.toMatch(/\/0|NaN|Infinity|%/);
  });

  it('rounds figures of many digits', () => {
    const text = written(isTerminal, (progress) => progress.update(102_834_176, 'load', 102_834_176));
    expect(text).toContain('102.8M/102.8M');
  });

  it('shows figures once it is known, and of the total that it has then', () => {
    const text = written(isTerminal, (progress) => {
      progress.update(0, 'load', 0);
      progress.update(7, 'load', 7);
      progress.update(9, 'compare', 9);
    });
    expect(text).toMatch(/restoring .*\/7/);
    expect(text).toMatch(/restoring .*9\/9/);
    expect(text).not.toContain('0/0');
  });
});
