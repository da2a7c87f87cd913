import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { watchServer, type ServerProcess } from '../process.ts';
import type { Image } from './build.ts';

/** An image with what is mapped into it and set for it. */
export interface Setting {
  readonly image: Image;
  readonly data: string;
  /** Mapped read-only. */
  readonly media: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server in a container. */
export interface Container extends ServerProcess {
  /** Number of its first process. */
  readonly init: () => number;
  /** Runs another program inside, as the user of the image. */
  readonly run: (...command: readonly string[]) => Promise<Ended>;
}

/** Starts the image's entry point, a server. */
export function startContainer(setting: Setting): Container {
  const child = spawn('unshare', isolated(setting, setting.image.Entrypoint), { stdio: ['ignore', 'pipe', 'pipe'] });
  const init = () => Number.parseInt(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'), 10);
  return {
    ...watchServer(child),
    init,
    run: (...command) => run('nsenter', ['--target', String(init()), '--mount', '--pid', ...asUser(setting, command)]),
  };
}

/** Runs the image's entry point with arguments to its end. */
export function runContainer(setting: Setting, ...args: readonly string[]): Promise<Ended> {
  return run('unshare', isolated(setting, [...setting.image.Entrypoint, ...args]));
}

async function run(program: string, args: readonly string[]): Promise<Ended> {
  const { exitCode = 1, stdout, stderr } = await execa(program, args, { reject: false });
  return { code: exitCode, stdout, stderr };
}

/** Maps the volumes as an engine would, over a system that cannot be written. What is mounted goes with the last process. */
const mountAll = `
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"
mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/tmp"
mount --bind "$2" "$1/data" && mount --bind "$3" "$1/media" && mount -o remount,bind,ro "$1/media"
shift 3 && exec "$@"`;

/** Arguments of `unshare` for mounts and processes of its own. */
function isolated(setting: Setting, command: readonly string[]): readonly string[] {
  const spaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
  const { image, data, media } = setting;
  return [...spaces, 'sh', '-euc', mountAll, 'sh', image.root, data, media, ...asUser(setting, command)];
}

/** Without rights, and without a way to get some. */
function asUser({ image, environment }: Setting, command: readonly string[]): readonly string[] {
  const variables = [...image.Env, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  const rights = ['setpriv', '--no-new-privs', 'chroot', `--userspec=${image.User}`, image.root];
  return [...rights, 'env', '-i', `--chdir=${image.WorkingDir}`, ...variables, ...command];
}
