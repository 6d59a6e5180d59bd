import { expect, test } from 'vitest';
import { SEVERITIES, worstOf } from '../../core/alert.ts';

test('the worst of some severities, whatever their order', () => {
  expect(worstOf(['notice', 'critical', 'warning'])).toBe('critical');
  expect(worstOf(['warning', 'notice'])).toBe('warning');
  for (const severity of SEVERITIES) expect(worstOf([severity])).toBe(severity);
  expect(worstOf([])).toBeUndefined();
});
