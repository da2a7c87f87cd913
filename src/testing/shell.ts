import { execa } from 'execa';

/** What a page shows to be typed into a shell, in the order of the page. */
export function shellBlocks(page: string): readonly string[] {
  return [...page.matchAll(/^```sh\n(?<text>.*?)^```$/gmsu)].map(({ groups }) => groups?.['text'] ?? '');
}

/**
 * Before each of them: what the README defines, and a `curl` that gives up following what has no end after some seconds, as a reader does with Ctrl-C.
 * A failure in the middle ends the shell.
 */
const prelude = (endlessSeconds: number) => `
set -euo pipefail
curl() { command curl --max-time ${endlessSeconds} "$@" || [ $? = 28 ]; }
ask() { curl -s -w '\\n' http://127.0.0.1:4000/graphql -H 'content-type: application/json' -d "$1"; }
`;

/** Types blocks into one shell, with the address of a server in the place of the README's, and gives what each prints. */
export async function typeIntoShell(
  blocks: readonly string[],
  {
    url,
    endlessSeconds = 2,
    ...options
  }: {
    readonly url: string;
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly endlessSeconds?: number;
  },
): Promise<readonly string[]> {
  const mark = 'end of a block';
  const script = [prelude(endlessSeconds), ...blocks.map((block) => `${block}\necho; echo '${mark}'\n`)].join('');
  const { stdout } = await execa('bash', ['-c', script.replaceAll('http://127.0.0.1:4000', url)], {
    ...options,
    timeout: 120_000,
  });
  return stdout.split(mark).slice(0, -1);
}
