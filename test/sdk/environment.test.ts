import { describe, expect, it } from 'vitest';
import { preferredVariables, resourceAttributes, withVariables } from '../../sdk/src/environment.ts';

describe('preferred variables', () => {
  it('fill in what is not set, and give way to what is', () => {
    expect(preferredVariables({}, {})).toMatchObject({
      OTEL_BSP_SCHEDULE_DELAY: '1000',
      OTEL_METRIC_EXPORT_INTERVAL: '10000',
      OTEL_METRIC_EXPORT_TIMEOUT: '10000',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    const set = preferredVariables({ OTEL_BSP_SCHEDULE_DELAY: '77', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, {});
    expect(set).not.toHaveProperty('OTEL_BSP_SCHEDULE_DELAY');
    expect(set).not.toHaveProperty('OTEL_EXPORTER_OTLP_PROTOCOL');
  });

  it('fit the metric time-out to an interval of the operator', () => {
    const timeout = (env: Record<string, string>) => preferredVariables(env, {})['OTEL_METRIC_EXPORT_TIMEOUT'];
    expect(timeout({ OTEL_METRIC_EXPORT_INTERVAL: '2000' })).toBe('2000');
    expect(timeout({ OTEL_METRIC_EXPORT_INTERVAL: '60000' })).toBeUndefined();
    expect(timeout({ OTEL_METRIC_EXPORT_INTERVAL: '2000', OTEL_METRIC_EXPORT_TIMEOUT: '500' })).toBeUndefined();
    expect(timeout({ OTEL_METRIC_EXPORT_INTERVAL: 'often' })).toBeUndefined();
  });

  it('add resource attributes after those that are set', () => {
    expect(resourceAttributes(undefined, { 'weir.pipeline': 'a b,c=d' })).toBe('weir.pipeline=a%20b%2Cc%3Dd');
    expect(resourceAttributes('x=1', { y: '2', z: '3' })).toBe('x=1,y=2,z=3');
    expect(preferredVariables({ OTEL_RESOURCE_ATTRIBUTES: 'x=1' }, {})).not.toHaveProperty('OTEL_RESOURCE_ATTRIBUTES');
  });

  it('are taken back, even when the action throws', () => {
    const env: NodeJS.ProcessEnv = { A: 'mine' };
    const seen = withVariables({ A: 'yours', B: 'new' }, () => ({ ...env }), env);
    expect(seen).toEqual({ A: 'yours', B: 'new' });
    expect(env).toEqual({ A: 'mine' });
    expect(() =>
      withVariables(
        { B: 'new' },
        () => {
          throw new Error('no');
        },
        env,
      ),
    ).toThrow('no');
    expect(env).toEqual({ A: 'mine' });
  });
});
