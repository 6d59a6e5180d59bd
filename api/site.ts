import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';

/**
 * The built pages from `folder`. Files under `assets/` carry a hash of their content in their name and never change;
 * every other address is a page of the application and gets its one document, which is checked on each visit.
 */
export function serveSite(folder: string): RequestHandler {
  const router = Router();
  router.use(
    '/assets',
    express.static(join(folder, 'assets'), { immutable: true, maxAge: '365d', index: false, fallthrough: false }),
  );
  router.get('/{*path}', (request, response, next) => {
    if (request.path.startsWith('/api/')) return next();
    const document = join(folder, 'index.html');
    if (!existsSync(document)) {
      response
        .status(503)
        .type('text/plain')
        .send(
          'The pages of Weir are not built yet. Run `npm run ui:build`, then reload. The API answers under /api.\n',
        );
      return;
    }
    response.sendFile(document, { headers: { 'Cache-Control': 'no-cache' } });
  });
  return router;
}
