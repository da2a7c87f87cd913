import { search, type SearchHit as Hit } from '#resolvers/search.ts';
import { searchBlock } from '#src/store/store.ts';
import { maxQueryLength } from '#src/transcripts/search/query.ts';
import { checkedByResolver } from './bounds.ts';
import { builder, explicitArguments } from './builder.ts';
import { Job } from './job.ts';
import { JobFilter } from './jobs.ts';
import { Segment } from './segment.ts';

const SearchHit = builder.objectRef<Hit>('SearchHit').implement({
  description: 'A segment that holds what was looked for.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the segment and of what was looked for: for client caches.' }),
    job: t.expose('job', { type: Job, description: 'The job that it belongs to.' }),
    segment: t.expose('segment', { type: Segment, description: 'The segment, with its time.' }),
    highlight: t.exposeString('highlight', {
      description:
        'HTML-escaped text with <mark> around the matches: whole words, also where a part of one was looked for. Safe to show as it is.',
    }),
  }),
});

const SearchConnection = builder.connectionObject(
  { type: SearchHit, name: 'SearchConnection', description: 'A page of search hits.' },
  { name: 'SearchEdge', description: 'A hit with its place in the list.' },
);

builder.queryField('search', (t) =>
  t.field({
    authScopes: { read: true },
    type: SearchConnection,
    description: `Full-text search over the segments of finished and running transcripts, best match first: segments that have every word as such come before those that have one only inside a longer word; of both, the newest ${searchBlock} matches are compared with one another (how often a segment has the words for its length, and whether side by side; of equals the newer first), then the ${searchBlock} before them, and so on.`,
    args: {
      query: t.arg.string({
        extensions: checkedByResolver,
        required: true,
        description: `Words that must all be in a segment; "words in quotes" side by side; begin* for the beginning of a word; -word or -"words" for what must not be in it. Upper and lower case and accents do not matter. A word of four letters or more is also found inside words of seven or more (dampfschiff in Donaudampfschiff); Chinese, Japanese, Korean, Thai and the like are found anywhere in a text. Other signs count as spaces; without a word to look for nothing is found. At most ${maxQueryLength} characters and 20 words or phrases.`,
      }),
      filter: t.arg({ type: JobFilter, description: 'Only in segments of these jobs; absent = all.' }),
      first: t.arg.int({ defaultValue: 20, description: 'How many, 1 to 100.' }),
      after: t.arg.string({ description: 'Cursor of the same query: only what comes after it.' }),
    },
    resolve: (_, args, context, info) => search({ ...args, given: explicitArguments(info) }, context),
  }),
);
