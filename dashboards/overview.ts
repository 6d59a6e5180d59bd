import { defineDashboard } from './define.ts';

/** The three curves of a pipeline that matter, one line for each stage, the stage in focus in front. */
export const overview = defineDashboard({
  id: 'overview',
  title: 'Overview',
  panels: [
    {
      id: 'throughput',
      title: 'Throughput',
      subtitle: 'all stages',
      signals: [{ signal: 'throughput', name: 'stage', label: 'stage' }],
      front: 'focus',
      scale: 'linear',
      unit: '1/s',
      band: ['throughput'],
    },
    {
      id: 'latency',
      title: 'Latency p99',
      subtitle: 'all stages',
      signals: [{ signal: 'latency_p99', name: 'stage', label: 'stage' }],
      front: 'focus',
      scale: 'log',
      unit: 's',
      band: ['latency_p99'],
    },
    {
      id: 'lag',
      title: 'Lag',
      subtitle: 'all stages',
      signals: [{ signal: 'lag_seconds', name: 'stage', label: 'stage' }],
      front: 'focus',
      scale: 'lag',
      unit: 's',
      band: ['lag_seconds'],
    },
  ],
});
