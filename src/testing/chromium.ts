import { execa } from 'execa';
import { debianProgram } from './debian.ts';

const { path: program, skip } = await debianProgram('chromium', ['/usr/bin/chromium', '/usr/bin/chromium-browser']);

/** Why a test that needs a browser is skipped, with what installs one; false where there is one. */
export const skipWithoutBrowser = skip;

/** A page as a browser has it after some seconds of its time, and what the browser wrote meanwhile. */
export async function browse(url: string): Promise<{ readonly dom: string; readonly said: string }> {
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr'];
  const { stdout, stderr } = await execa(program, [...options, '--virtual-time-budget=10000', '--dump-dom', url]);
  return { dom: stdout, said: stderr };
}
