import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type Server, type TlsOptions } from 'node:tls';
import { errorMessage, WeirError } from '../../core/errors.ts';
import type { TlsConfig } from '../../core/listen.ts';
import type { Telemetry } from '../../core/telemetry.ts';

/** A listener's certificates as they are on disk now. */
export interface Certificates {
  readonly options: TlsOptions;
  /** Looks at the files again every `reload_interval`, and gives what changed to new connections of `server`. */
  follow(server: Pick<Server, 'setSecureContext'>): void;
  stop(): void;
}

/**
 * Reads the files of `tls`. Throws `collector_tls_invalid` with the configuration path of what is wrong: a file that
 * cannot be read, text that is no certificate, a key of another certificate.
 */
export async function openCertificates(tls: TlsConfig, path: string, telemetry: Telemetry): Promise<Certificates> {
  let known = await readContext(tls, path);
  let timer: NodeJS.Timeout | undefined;
  let failing = false;

  async function reload(server: Pick<Server, 'setSecureContext'>): Promise<void> {
    try {
      const found = await readContext(tls, path);
      if (timer === undefined) return;
      if (fingerprint(found) !== fingerprint(known)) {
        server.setSecureContext(found);
        known = found;
        telemetry.log.info({ event: 'collector_tls_reloaded', listener: path }, 'new certificates are in use');
      }
      failing = false;
    } catch (error) {
      // Files are replaced one by one: what does not fit together is looked at again, and the old ones stay in use.
      if (!failing) {
        const reason = errorMessage(error);
        telemetry.log.warn({ event: 'collector_tls_reload_failed', listener: path, reason }, 'certificates unreadable');
      }
      failing = true;
    }
  }

  return {
    options: known,
    follow(server) {
      let reading = false;
      timer = setInterval(() => {
        if (reading) return;
        reading = true;
        void reload(server).finally(() => {
          reading = false;
        });
      }, tls.reload_interval);
      timer.unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

type Context = SecureContextOptions & Pick<TlsOptions, 'requestCert' | 'rejectUnauthorized'>;

async function readContext(tls: TlsConfig, path: string): Promise<Context> {
  const read = async (key: 'cert_file' | 'key_file' | 'client_ca_file', file: string) => {
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      throw invalid(`${path}.tls.${key}: cannot read ${file} (${errorMessage(cause)})`, cause);
    }
  };
  const cert = await read('cert_file', tls.cert_file);
  const key = await read('key_file', tls.key_file);
  const ca = tls.client_ca_file === undefined ? undefined : await read('client_ca_file', tls.client_ca_file);
  const check = (what: string, accept: () => void) => {
    try {
      accept();
    } catch (cause) {
      throw invalid(`${path}.tls.${what} (${errorMessage(cause)})`, cause);
    }
  };
  // An empty file is what another program is about to write; OpenSSL would take it for no certificate at all.
  const isCertificate = (text: string) => new X509Certificate(text);
  check(`cert_file: ${tls.cert_file} is not a certificate in PEM`, () => isCertificate(cert));
  check(`key_file: ${tls.key_file} is not a private key in PEM without a passphrase`, () => createPrivateKey(key));
  check(`key_file: ${tls.key_file} is not the key of the certificate in ${tls.cert_file}`, () =>
    createSecureContext({ cert, key }),
  );
  const minVersion = `TLSv${tls.min_version}` as const;
  if (ca === undefined) return { cert, key, minVersion };
  check(`client_ca_file: ${tls.client_ca_file} is not a certificate in PEM`, () => isCertificate(ca));
  return { cert, key, minVersion, ca, requestCert: true, rejectUnauthorized: true };
}

function fingerprint({ cert, key, ca }: Context): string {
  return JSON.stringify([cert, key, ca]);
}

function invalid(message: string, cause: unknown): WeirError {
  return new WeirError('collector_tls_invalid', message, { cause });
}
