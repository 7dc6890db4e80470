// Certificates for tests, made by openssl in a temporary folder: an authority, a server, a client, and what is wrong with some.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requirePeer } from '../support/peers.ts';

export type Certificate = { cert: string; key: string; certPath: string; keyPath: string };

/** Makes an authority in `dir`, and certificates signed by it. */
export class Authority {
  readonly dir: string;
  readonly name: string;

  constructor(dir: string, name: string) {
    this.dir = dir;
    this.name = name;
    this.#openssl([
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
      ...this.#out(name),
    ]);
  }

  get certPath(): string {
    return join(this.dir, `${this.name}.crt`);
  }

  get cert(): string {
    return readFileSync(this.certPath, 'utf8');
  }

  /** A certificate for host names and addresses (`altName` as openssl writes them). */
  issue(name: string, options: { altName?: string; expired?: boolean } = {}): Certificate {
    const { altName = 'DNS:localhost,IP:127.0.0.1', expired = false } = options;
    const request = join(this.dir, `${name}.csr`);
    const extensions = join(this.dir, `${name}.ext`);
    const certPath = join(this.dir, `${name}.crt`);
    const keyPath = join(this.dir, `${name}.key`);
    writeFileSync(extensions, `subjectAltName=${altName}\nbasicConstraints=CA:FALSE\n`);
    this.#openssl([
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      keyPath,
      '-out',
      request,
    ]);
    const authority = ['-CA', this.certPath, '-CAkey', join(this.dir, `${this.name}.key`), '-CAcreateserial'];
    if (expired) this.#expired(request, extensions, certPath);
    else
      this.#openssl([
        'x509',
        '-req',
        '-in',
        request,
        ...authority,
        '-extfile',
        extensions,
        '-days',
        '10',
        '-out',
        certPath,
      ]);
    return { cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8'), certPath, keyPath };
  }

  /** `openssl ca` is the one command of every openssl version that takes dates of the past. */
  #expired(request: string, extensions: string, certPath: string): void {
    const config = join(this.dir, 'ca.cnf');
    const lines = [
      ...[
        '[ca]',
        'default_ca = own',
        '[own]',
        `new_certs_dir = ${this.dir}`,
        `database = ${join(this.dir, 'index.txt')}`,
      ],
      ...[`certificate = ${this.certPath}`, `private_key = ${join(this.dir, `${this.name}.key`)}`],
      ...['default_md = sha256', 'policy = any', 'rand_serial = yes', '[any]', 'commonName = supplied', ''],
    ];
    writeFileSync(config, lines.join('\n'));
    writeFileSync(join(this.dir, 'index.txt'), '');
    const dates = ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'];
    const files = ['-in', request, '-out', certPath, '-extfile', extensions, '-notext'];
    this.#openssl(['ca', '-batch', '-config', config, ...dates, ...files]);
  }

  #out(name: string): string[] {
    return ['-keyout', join(this.dir, `${name}.key`), '-out', join(this.dir, `${name}.crt`)];
  }

  #openssl(args: string[]): void {
    execFileSync(requirePeer('openssl'), args, { stdio: 'pipe' });
  }
}
