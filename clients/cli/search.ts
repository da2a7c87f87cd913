import { SearchDocument } from './operations.ts';
import { printable, write, writeJson, writeLine } from './output.ts';
import { clock } from './screen.ts';
import { type GlobalOptions, withSession } from './session.ts';

export interface SearchOptions extends GlobalOptions {
  readonly limit: number;
  readonly tag?: string;
}

/** `phonograph search QUERY`: what was said where, the best match first. */
export async function searchTranscripts(query: string, { limit, tag, ...options }: SearchOptions): Promise<void> {
  await withSession(options, async (session) => {
    const filter = tag === undefined ? {} : { tag };
    const { search } = await session.ask(SearchDocument, { query, filter, first: limit });
    // On stderr, as all that was not asked for.
    if (search.edges.length === 0) process.stderr.write('Nothing was found.\n');
    for (const { node } of search.edges) {
      if (options.json === true) {
        writeJson(node);
        continue;
      }
      const { job, segment, highlight } = node;
      writeLine(`${job.id}  ${clock(segment.startSeconds)}  ${job.title ?? job.media.name}`);
      write(`  ${marked(printable(highlight))}\n`);
    }
  });
}

/** The server's HTML as a terminal shows it: what was found is bold there. */
function marked(highlight: string): string {
  const [bold, plain] = process.stdout.isTTY ? ['\u001B[1m', '\u001B[22m'] : ['', ''];
  const text = highlight.replaceAll('<mark>', bold).replaceAll('</mark>', plain);
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  return text.replaceAll(/&(?<name>lt|gt|quot|#39|amp);/gu, (_, name: string) => entities[name] ?? '').trim();
}
