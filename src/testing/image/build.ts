import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';

const project = join(import.meta.dirname, '../../..');
const certificates = '/etc/ssl/certs/ca-certificates.crt';

const inspectSchema = z.object({
  Docker: z.object({
    config: z.object({
      User: z.string().min(1),
      Env: z.array(z.string()),
      Entrypoint: z.array(z.string()),
      WorkingDir: z.string(),
      Healthcheck: z.object({ Test: z.tuple([z.literal('CMD')], z.string()) }),
    }),
  }),
});

/** An image that was built, as an engine would start it. */
export type Image = z.infer<typeof inspectSchema>['Docker']['config'] & {
  /** Folder where its files can be seen. */
  readonly root: string;
  readonly bytes: number;
};

/** Builds the image of the Dockerfile in a folder, with everything that the building leaves. */
export async function buildImage(directory: string): Promise<Image> {
  const [temporary, base] = [join(directory, 'tmp'), join(directory, 'base')];
  await mkdir(temporary);
  const stores = ['--root', join(directory, 'storage'), '--runroot', join(directory, 'run')];
  const buildah = async (...args: readonly string[]) => {
    const { stdout } = await execa('buildah', [...stores, ...args], { env: { TMPDIR: temporary }, stderr: 'inherit' });
    return stdout;
  };
  await makeBase(base);
  const empty = await buildah('from', 'scratch');
  await buildah('copy', '--quiet', empty, base, '/');
  await buildah('commit', '--quiet', '--rm', empty, 'base');
  await rm(base, { recursive: true });
  // OCI's format has no health checks.
  const how = ['--isolation', 'chroot', '--network', 'host', '--format', 'docker', '--logfile', '/dev/stderr'];
  const what = ['--build-arg', 'BASE=localhost/base', ...registrySettings(), '--tag', 'phonograph', project];
  await buildah('build', ...how, ...what);
  const { Docker } = inspectSchema.parse(JSON.parse(await buildah('inspect', '--type', 'image', 'phonograph')));
  const root = await buildah('mount', await buildah('from', 'phonograph'));
  const { stdout } = await execa('du', ['--summarize', '--bytes', '--one-file-system', root]);
  return { ...Docker.config, root, bytes: Number.parseInt(stdout, 10) };
}

/** Debian of the release that the Dockerfile names, from its packages: no registry of images is asked. It trusts whom this machine trusts. */
async function makeBase(folder: string): Promise<void> {
  const dockerfile = await readFile(join(project, 'Dockerfile'), 'utf8');
  const release = /^ARG BASE=debian:(?<release>\w+)-slim$/mu.exec(dockerfile)?.groups?.['release'] ?? '';
  await execa('debootstrap', ['--variant=minbase', '--include=ca-certificates', release, folder], {
    env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
    stdout: ['pipe', 2],
  });
  if (existsSync(certificates)) await cp(certificates, join(folder, certificates));
}

/** Where this machine takes its packages from, as the Dockerfile wants to be told. */
function registrySettings(): readonly string[] {
  const { npm_config_registry: npm, PIP_INDEX_URL: pip } = process.env;
  const values = {
    NODE_EXTRA_CA_CERTS: certificates,
    PIP_CERT: certificates,
    ...(npm === undefined ? {} : { NPM_CONFIG_REGISTRY: npm }),
    ...(pip === undefined ? {} : { PIP_INDEX_URL: pip }),
  };
  const files = {
    npmrc: [join(homedir(), '.npmrc')],
    pip: [join(homedir(), '.config/pip/pip.conf'), '/etc/pip.conf'],
  };
  const secrets = Object.entries(files).flatMap(([id, places]) => {
    const file = places.find((place) => existsSync(place));
    return file === undefined ? [] : ['--secret', `id=${id},src=${file}`];
  });
  return [...Object.entries(values).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]), ...secrets];
}
