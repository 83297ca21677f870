import { Histogram } from './histogram';

describe('Histogram', () => {
  it('counts a value at the first bound that is not below it', () => {
    const histogram = new Histogram([1, 10, 100]);
    for (const value of [0, 1, 1.5, 10, 11, 1000, 2000]) histogram.observe(value);
    expect(histogram.counts).toEqual([2, 2, 1, 2]);
    expect(histogram.sum).toBe(3023.5);
  });
});
