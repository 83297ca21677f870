import type { Metric, Registry } from 'prom-client';
import type { Histogram } from '../../common/histogram';

type Labels = Record<string, string | number>;

/** A value of a metric. */
export interface Sample {
  labels: Labels;
  value: number;
  /** Name of the series, if it is not the metric's. */
  metricName?: string;
}

/** Description of a metric. */
export interface Kind {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  /** How the values of several workers become one; their sum by default. */
  aggregator?: 'sum' | 'max';
}

/** Registers a metric whose values the program counts anyway: they are read when somebody asks. */
export function expose(registry: Registry, kind: Kind, read: () => Iterable<Sample>): void {
  const metric = {
    aggregator: 'sum',
    ...kind,
    get: () => Promise.resolve({ aggregator: 'sum', ...kind, values: [...read()] }),
    reset: () => undefined,
  };
  registry.registerMetric(metric as unknown as Metric); // prom-client asks a metric for no more than this
}

/** Series of a histogram: bounds in seconds, whatever observes milliseconds. */
export function* samplesOf(name: string, labels: Labels, histogram: Histogram): Generator<Sample> {
  const { bounds, counts, sum } = histogram;
  let count = 0;
  for (const [i, more] of counts.entries()) {
    count += more;
    const le = i < bounds.length ? bounds[i]! / 1000 : '+Inf';
    yield { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
  }
  yield { metricName: `${name}_sum`, labels, value: sum / 1000 };
  yield { metricName: `${name}_count`, labels, value: count };
}
