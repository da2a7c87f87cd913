import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { openStore } from '#src/store/open.ts';
import { openPostgres, postgresProgram } from '../../testing/postgres.ts';
import { openTemporary } from '../../testing/temporary.ts';

/** Makes a certificate for localhost that has signed itself; the path of it, and of its key. */
async function makeCertificate(directory: string, name: string) {
  const [certificate, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=phonograph', '-addext', 'subjectAltName=DNS:localhost'];
  await execa('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', certificate]);
  return { certificate, key };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

test(
  'the database is reached over TLS, and none that cannot prove to be it',
  { skip: postgresProgram.skip },
  async () => {
    await using temporary = await openTemporary();
    const [own, other] = [
      await makeCertificate(temporary.directory, 'own'),
      await makeCertificate(temporary.directory, 'other'),
    ];
    const port = await freePort();
    const tls = { port, certificate: await readFile(own.certificate, 'utf8'), key: await readFile(own.key, 'utf8') };
    await using postgres = await openPostgres({ tls });
    const bySocket = await postgres.create();
    const open = async (host: string, mode: string, databaseCaFile: string | null) => {
      const database = `postgresql://postgres@${host}:${port}${new URL(bySocket).pathname}?sslmode=${mode}`;
      await using store = await openStore({ database, databaseCaFile });
      await store.probe();
      const lines = await postgres.ask(
        bySocket,
        `select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'phonograph'`,
      );
      return lines.length > 1 && lines.every(({ ssl }) => ssl === true);
    };
    for (const [host, mode, file] of [
      ['localhost', 'verify-full', own.certificate],
      ['127.0.0.1', 'verify-ca', own.certificate],
      ['127.0.0.1', 'require', own.certificate],
      ['127.0.0.1', 'require', null],
    ] as const) {
      assert.equal(await open(host, mode, file), true, `${mode} at ${host}`);
    }
    for (const [host, mode, file, reason] of [
      ['127.0.0.1', 'verify-full', own.certificate, /does not match certificate's altnames/u],
      ['localhost', 'verify-full', other.certificate, /self-signed certificate/u],
      ['localhost', 'verify-ca', other.certificate, /self-signed certificate/u],
      ['localhost', 'verify-full', null, /self-signed certificate/u],
    ] as const) {
      await assert.rejects(open(host, mode, file), { name: 'MigrationError', message: reason });
    }
    assert.equal(await open('localhost', 'disable', null), false);
  },
);
