import type { Millis } from '../../core/time.ts';

/** Waits for `work`, at most `ms`. Never rejects: what becomes of the work, later too, is not the caller's business any more. */
export async function within(work: Promise<unknown>, ms: Millis): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}
