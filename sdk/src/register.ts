/**
 * `node --import @weir/sdk/register app.js`: sets everything up from OTEL_* variables before the program's own modules
 * are loaded. CommonJS programs use `--require`.
 */
import { instrument } from './instrument.ts';

instrument();

// OpenTelemetry patches whichever view of `http` is loaded first, and the view ES modules import covers the other one.
// Were express first to require it, calls through `import http from 'node:http'` would stay untraced.
await Promise.all([import('node:http'), import('node:https')]);
