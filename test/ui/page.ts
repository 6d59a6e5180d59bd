import type { Browser, BrowserContext, Page } from 'playwright-core';

export interface PageOptions {
  readonly theme?: 'dark' | 'light';
  readonly width?: number;
  readonly height?: number;
}

/** A page that remembers everything that went wrong in it. */
export async function openPage(browser: Browser, url: string, options: PageOptions = {}) {
  const { theme = 'dark', width = 1440, height = 900 } = options;
  const context: BrowserContext = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
  });
  const page: Page = await context.newPage();
  page.setDefaultTimeout(45_000);
  const wrong: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    if (!why.includes('ERR_ABORTED')) wrong.push(`${request.url()} ${why}`);
  });
  await page.goto(url);
  return { page, wrong, close: () => context.close() };
}

/** What reaches past the right edge of a page that can be scrolled there. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.body.querySelectorAll('*')]
    .filter((element) => document.documentElement.scrollWidth > document.documentElement.clientWidth)
    .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth)
    .map((element) => element.tagName + '.' + element.className + ' ' + element.textContent.slice(0, 40))`);
}
