import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * For tests: npm's registry, PyPI and the Hugging Face hub, as small HTTP servers on one port of this machine.
 */
export async function startInternet() {
  const folder = mkdtempSync(join(tmpdir(), 'phonograph-internet-'));
  /** @type {Map<string, Buffer | string>} */
  const pages = new Map();
  /** @type {Map<string, string>} */
  const npmHashes = new Map();
  /** @type {string[]} */
  const requests = [];
  /** @type {Set<string>} */
  const silent = new Set();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    requests.push(path);
    server.emit('asked', path);
    if (silent.has(path)) return;
    const page = pages.get(path);
    response.writeHead(page === undefined ? 404 : 200, {
      'content-type': path.startsWith('/simple/') ? 'text/html' : 'application/octet-stream',
      'content-length': Buffer.byteLength(page ?? ''),
    });
    response.end(page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = originOf(server);
  return {
    pages,
    requests,
    /** Paths that take a request and never answer. */
    silent,
    /** Nobody listens there. */
    nowhere: await unusedOrigin(),
    /** @param {string} path */
    async asked(path) {
      while (!requests.includes(path)) await once(server, 'asked');
    },
    /** For the programs that are to use it: no proxy, cache or setting of this machine plays in. */
    environment: {
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      HOME: folder,
      NO_PROXY: '127.0.0.1',
      npm_config_registry: `${origin}/npm/`,
      npm_config_fetch_retries: '0',
      npm_config_update_notifier: 'false',
      PIP_INDEX_URL: `${origin}/simple/`,
      // With none, pip would not tell why it got no answer.
      PIP_RETRIES: '1',
      PIP_NO_CACHE_DIR: '1',
      UV_NO_CACHE: '1',
      UV_HTTP_RETRIES: '0',
      HF_ENDPOINT: origin,
    },
    /** @param {string} name @param {string} version @param {Readonly<Record<string, string>>} files */
    npmPackage(name, version, files) {
      const known = npmHashes.get(`${name}@${version}`);
      // A registry never changes a version, and npm's cache counts on it.
      if (known !== undefined) return { integrity: known };
      const archive = pack(folder, 'package', { 'package.json': JSON.stringify({ name, version }), ...files }, [
        'tar',
        '-czf',
      ]);
      const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
      npmHashes.set(`${name}@${version}`, integrity);
      const dist = { tarball: `${origin}/npm/${name}/-/${name}-${version}.tgz`, integrity };
      pages.set(
        `/npm/${name}`,
        JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { name, version, dist } } }),
      );
      pages.set(`/npm/${name}/-/${name}-${version}.tgz`, archive);
      return { integrity };
    },
    /** @param {string} name with underscores @param {string} version @param {Readonly<Record<string, string>>} files @param {string} [tag] */
    wheel(name, version, files, tag = 'py3-none-any') {
      const info = `${name}-${version}.dist-info`;
      const own = {
        [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
        [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
        [`${info}/RECORD`]: '',
      };
      const file = `${name}-${version}-${tag}.whl`;
      const archive = pack(folder, '', { ...files, ...own }, ['python3', '-m', 'zipfile', '-c']);
      const sha256 = createHash('sha256').update(archive).digest('hex');
      pages.set(`/simple/${name.replaceAll('_', '-')}/`, `<a href="/wheels/${file}">${file}</a>`);
      pages.set(`/wheels/${file}`, archive);
      const dashed = name.replaceAll('_', '-');
      return { name: dashed, version, file, sha256, requirement: `${dashed}==${version}` };
    },
    /** One of the hub. @param {string} name @param {string} revision @param {Readonly<Record<string, string>>} files */
    repository(name, revision, files) {
      for (const [file, text] of Object.entries(files)) pages.set(`/${name}/resolve/${revision}/${file}`, text);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function unusedOrigin() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = originOf(server);
  server.close();
  await once(server, 'close');
  return origin;
}

/** @param {import('node:http').Server} server */
function originOf(server) {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return `http://127.0.0.1:${address.port}`;
}

/**
 * @param {string} folder
 * @param {string} top folder inside the archive
 * @param {Readonly<Record<string, string>>} files
 * @param {readonly string[]} command that takes the archive and what is to go in
 */
function pack(folder, top, files, [program = '', ...args]) {
  const work = mkdtempSync(join(folder, 'pack-'));
  for (const [name, text] of Object.entries(files)) {
    const file = join(work, top, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o755 });
  }
  const archive = join(folder, 'archive');
  const tops = top === '' ? [...new Set(Object.keys(files).map((name) => name.split('/')[0] ?? name))] : [top];
  const { status, stderr } = spawnSync(program, [...args, archive, ...tops], { cwd: work, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const content = readFileSync(archive);
  rmSync(archive);
  return content;
}
