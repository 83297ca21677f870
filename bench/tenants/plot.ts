import { init, use } from 'echarts/core';
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

export interface Line {
  name: string;
  unit: 'ms' | 'MiB';
  /** Number of tenants and value. */
  points: readonly (readonly [number, number])[];
}

/** Draws an SVG of lines over the number of tenants: milliseconds on the left axis, MiB on the right. */
export function plot(title: string, lines: readonly Line[]): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 400 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 0 },
    grid: { left: 60, right: 60, top: 60, bottom: 80 },
    xAxis: { type: 'log', name: 'tenants', nameLocation: 'middle', nameGap: 28 },
    yAxis: [
      { type: 'value', name: 'ms', min: 0 },
      { type: 'value', name: 'MiB', min: 0, splitLine: { show: false } },
    ],
    series: lines.map(({ name, unit, points }) => ({
      name: `${name}, ${unit}`,
      type: 'line',
      yAxisIndex: unit === 'ms' ? 0 : 1,
      ...(unit === 'MiB' && { lineStyle: { type: 'dashed' } }),
      data: points,
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
