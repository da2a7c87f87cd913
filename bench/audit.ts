// Asks the advisory services of npm and of PyPI (OSV) for known faults of the packages that are locked: npm run audit. With --sbom FOLDER it writes what is
// locked there as CycloneDX: npm.json and python.json. Exit code 1 where a fault is known; a service that is not reached is said, and is no failure.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';

const root = join(import.meta.dirname, '..');
const engine = join(root, 'runner/engine');
const uv = join(root, '.tools/uv/bin/uv');

interface Finding {
  readonly source: string;
  /** Null where the service was not reached: then `said` tells why. */
  readonly isSafe: boolean | null;
  readonly said: string;
}

async function auditNpm(): Promise<Finding> {
  const { stdout } = await execa('npm', ['audit', '--omit=dev', '--json'], { cwd: root, reject: false });
  const answer: {
    readonly metadata?: { readonly vulnerabilities: { readonly total: number } };
    readonly message?: string;
  } = JSON.parse(stdout || '{}');
  const total = answer.metadata?.vulnerabilities.total;
  if (total === undefined) return { source: 'npm', isSafe: null, said: answer.message ?? 'no answer' };
  return { source: 'npm', isSafe: total === 0, said: total === 0 ? 'nothing known' : stdout };
}

/** What uv says where it could not ask. */
const notReached = /error sending request|Failed to fetch|Request failed/u;

async function auditPython(): Promise<Finding> {
  const args = ['audit', '--frozen', '--no-default-groups'];
  const { exitCode, all } = await execa(uv, args, { cwd: engine, reject: false, all: true });
  if (notReached.test(all))
    return { source: 'Python', isSafe: null, said: all.trim().split('\n').at(-1)?.trim() ?? '' };
  return { source: 'Python', isSafe: exitCode === 0, said: exitCode === 0 ? 'nothing known' : all };
}

async function writeSboms(folder: string): Promise<void> {
  const npm = await execa('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit=dev', '--package-lock-only'], {
    cwd: root,
  });
  const args = ['export', '--frozen', '--format', 'cyclonedx1.5', '--no-default-groups', '--quiet'];
  const python = await execa(uv, args, { cwd: engine });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'npm.json'), `${npm.stdout}\n`);
  await writeFile(join(folder, 'python.json'), `${python.stdout}\n`);
  process.stdout.write(`Written: ${join(folder, 'npm.json')}, ${join(folder, 'python.json')}\n`);
}

const { values } = parseArgs({ options: { sbom: { type: 'string' } } });
if (values.sbom !== undefined) await writeSboms(values.sbom);
const findings = await Promise.all([auditNpm(), auditPython()]);
for (const { source, isSafe, said } of findings) {
  const verdict =
    isSafe === null ? 'not asked, since its advisory service was not reached' : isSafe ? 'ok' : 'FAULTS KNOWN';
  process.stdout.write(`${source}: ${verdict}: ${said}\n`);
}
process.exitCode = findings.some(({ isSafe }) => isSafe === false) ? 1 : 0;
