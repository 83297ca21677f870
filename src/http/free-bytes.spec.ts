import { freeBytes } from './free-bytes';

const LARGE = 65_536;

describe('freeBytes', () => {
  it('frees at once, without a collection', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 16; i++) {
      const buffer = Buffer.allocUnsafeSlow(LARGE);
      freeBytes(buffer);
      expect(buffer).toHaveLength(0);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * LARGE);
  });

  it('leaves memory that others may use', () => {
    const whole = Buffer.alloc(2 * LARGE, 'a');
    freeBytes(whole.subarray(0, LARGE));
    freeBytes(whole.subarray(LARGE));
    expect(whole.toString()).toBe('a'.repeat(2 * LARGE));
  });

  it.each([0, 10, 4096])('does nothing to a buffer of %i bytes', (size) => {
    const buffer = Buffer.from('a'.repeat(size));
    freeBytes(buffer);
    expect(buffer).toHaveLength(size);
  });

  it('may be told twice', () => {
    const buffer = Buffer.alloc(LARGE);
    freeBytes(buffer);
    freeBytes(buffer);
    expect(buffer).toHaveLength(0);
  });
});
