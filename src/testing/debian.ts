import { existsSync } from 'node:fs';
import { execa } from 'execa';

/** A program that a test needs and the project does not bring. */
interface NeededProgram {
  readonly path: string;
  /** Why the test is skipped, with what installs it; false where it is there. */
  readonly skip: string | false;
}

/** Other tests install, too. */
const lockSeconds = 120;

/** A program of a Debian package, at one of these paths or where it is found. Where PHONOGRAPH_TEST_INSTALL is 1 the package is installed if need be, and a failure to do so is one of the test. */
export async function debianProgram(
  packageName: string,
  paths: readonly string[] | (() => string | undefined),
): Promise<NeededProgram> {
  const find = typeof paths === 'function' ? paths : () => paths.find((path) => existsSync(path));
  if (find() === undefined && process.env['PHONOGRAPH_TEST_INSTALL'] === '1') {
    // Debian starts what it installs, but not at run level 1.
    const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const apt = (...args: readonly string[]) =>
      execa('apt-get', ['-o', `DPkg::Lock::Timeout=${lockSeconds}`, '-qq', ...args], { env });
    await apt('update');
    await apt('install', '-y', '--no-install-recommends', packageName);
  }
  const path = find();
  return path === undefined
    ? { path: '', skip: `needs ${packageName}: apt install ${packageName}` }
    : { path, skip: false };
}
