import { afterAll, describe, expect, it } from 'vitest';
import { describeNotification, startNotificationPrinter } from '../../cli/notification-printer.ts';

describe('describeNotification', () => {
  it('is the status, the incident and a line for each alert', () => {
    const payload = {
      status: 'firing',
      incident: { id: 'INC-1', title: 'enrichment is falling behind on orders' },
      alerts: [
        { status: 'firing', annotations: { summary: 'enrichment: lag in time is 95 s' } },
        { status: 'resolved', annotations: { summary: 'payments: error ratio is 2 %' } },
      ],
    };
    expect(describeNotification(payload)).toBe(
      '[firing] INC-1 enrichment is falling behind on orders\n    firing: enrichment: lag in time is 95 s\n    resolved: payments: error ratio is 2 %',
    );
  });

  it('says what it can of a payload that is none', () => {
    expect(describeNotification({})).toBe('[unknown]');
    expect(describeNotification(null)).toBe('[unknown]');
  });
});

describe('startNotificationPrinter', async () => {
  const printed: string[] = [];
  const printer = await startNotificationPrinter((text) => printed.push(text));
  afterAll(() => printer.stop());
  const post = (body: string) => fetch(printer.url, { method: 'POST', body });

  it('prints what is posted', async () => {
    expect((await post('{"status":"resolved","alerts":[]}')).status).toBe(200);
    expect(printed).toEqual(['[resolved]']);
  });

  it('refuses what is not JSON and what is too large, and prints neither', async () => {
    expect((await post('nonsense')).status).toBe(400);
    expect((await post(`"${'x'.repeat(2 << 20)}"`)).status).toBe(413);
    expect(printed).toHaveLength(1);
  });
});
