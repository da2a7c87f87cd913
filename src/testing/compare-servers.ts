/** One of two servers that are to answer the same. */
export interface ComparedServer {
  readonly url: string;
  /** Such as the one that shows who asks. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An operation of GraphQL, or what a path has. */
type Question = { readonly name: string; readonly isLog?: true } & (
  | { readonly query: string; readonly variables?: Readonly<Record<string, unknown>> }
  | { readonly path: string; readonly headers?: Readonly<Record<string, string>> }
);

export interface Comparison {
  readonly asked: number;
  /** What was answered to each question that was not answered alike. */
  readonly differences: readonly { readonly name: string; readonly answers: readonly string[] }[];
}

// oxlint-disable-next-line typescript/no-explicit-any -- answers have the shape of what was asked for
type Data = any;
type Questions = AsyncGenerator<Question, void>;

/**
 * Asks two servers the same, one question after the other, and tells where their answers are not alike: lists in every order with every filter, page by page, jobs with
 * all that they have, searches, transcripts in every format, events from any place, recordings and log lines. What follows from the first answers is asked of
 * both. Jobs must not change meanwhile; what each server says of itself is not compared.
 */
export async function compareServers(servers: readonly [ComparedServer, ComparedServer]): Promise<Comparison> {
  const differences: { name: string; answers: readonly string[] }[] = [];
  const started = await Promise.all(
    servers.map((server) => ask(server, { name: '', query: '{ server { startedAt } }' })),
  );
  const first = Math.min(...started.map(({ data }) => Date.parse(data.server.startedAt)));
  const before = new Date(first - startingMs).toISOString();
  const questions = everything();
  let asked = 0;
  for (let next = await questions.next(); next.done !== true; asked += 1) {
    const question = next.value;
    const answers = await Promise.all(servers.map((server) => ask(server, question)));
    if (question.isLog === true) for (const answer of answers) keepLines(answer, before);
    const texts = answers.map((answer) => JSON.stringify(answer));
    if (texts[0] !== texts[1]) differences.push({ name: question.name, answers: texts });
    next = await questions.next(answers[0]?.data);
  }
  return { asked, differences };
}

interface Answer {
  readonly status: number;
  readonly data: Data;
  readonly errors?: unknown;
}

async function ask({ url, headers }: ComparedServer, question: Question): Promise<Answer> {
  if ('path' in question) {
    const response = await fetch(`${url}${question.path}`, { headers: { ...headers, ...question.headers } });
    const body = Buffer.from(await response.arrayBuffer()).toString('latin1');
    return { status: response.status, data: [response.headers.get('content-type'), body] };
  }
  const { query, variables = {} } = question;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const answer = (await response.json()) as Omit<Answer, 'status'>;
  // It was not understood: nothing is compared by that.
  if (answer.data === undefined) throw new Error(`${url}: ${JSON.stringify(answer.errors)}`);
  return { status: response.status, ...answer };
}

/** What a server writes while it starts is older than it says that it is. */
const startingMs = 60_000;

/** Leaves out what either server has written since it started. */
function keepLines({ data }: Answer, before: string): void {
  const { logs } = data;
  logs.edges = logs.edges.filter(({ node }: Data) => node.time < before);
  delete logs.pageInfo;
}

const listedFields = `id status title tags owner priority createdAt updatedAt edited lastEventSeq language { code probability } media { name }
  progress { stage fraction processedSeconds }`;
const jobFields = `${listedFields} metadata startedAt finishedAt cancelRequestedAt queuePosition
  failure { code message hint retryable } progress { etaSeconds speed }
  options { mode model task language wordTimestamps vad beamSize channels computePower diarize minSpeakers maxSpeakers multilingual hotwords
    initialPrompt track clip { startSeconds endSeconds } }
  media { bytes sha256 durationSeconds container codec sampleRate channels warnings peaks tracks { index title language codec channels default used } }
  speakers { id key label name speakingSeconds }
  attempts { number startedAt finishedAt outcome device worker provenance exitCode signal peakMemoryBytes }`;
const segmentFields =
  'id index startSeconds endSeconds text originalText language speaker avgLogProbability noSpeechProbability guard words { startSeconds endSeconds text probability speaker }';
const pageInfo = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

const jobsQuery = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: JobFilter, $orderBy: JobOrder) {
  jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount ${pageInfo} edges { cursor node { ${listedFields} segments(first: 1) { edges { node { text } } } } }
  }
}`;
const segmentsQuery = `query ($id: ID!, $after: String) {
  job(id: $id) { segments(first: 25, after: $after) { ${pageInfo} edges { cursor node { ${segmentFields} } } } }
}`;
const searchQuery = `query ($query: String!, $first: Int, $after: String, $filter: JobFilter) {
  search(query: $query, first: $first, after: $after, filter: $filter) {
    ${pageInfo} edges { cursor node { id highlight job { id } segment { ${segmentFields} } } }
  }
}`;
const logsQuery = `query ($first: Int, $after: String, $filter: LogFilter) {
  logs(first: $first, after: $after, filter: $filter) { ${pageInfo} edges { cursor node { id time level event message jobId fields } } }
}`;
const jobQuery = `query ($id: ID!) { job(id: $id) { ${jobFields} logs(first: 50) { edges { cursor node { id message } } } } }`;

const formats = ['txt', 'srt', 'vtt', 'tsv', 'json', 'ass', 'lrc', 'csv', 'html'];
const statuses = ['QUEUED', 'WORKING', 'COMPLETED', 'FAILED', 'CANCELLED'];
/** Jobs that are looked at with all that they have, over all the time that there are jobs of. */
const mostLookedAt = 8;
const mostPages = 5;
const mostQueries = 40;
/** Filters by one and the same. */
const mostOfAKind = 8;

async function* everything(): Questions {
  const jobs: Data[] = yield* allJobs();
  yield* lists(jobs);
  const step = Math.max(1, Math.ceil(jobs.length / mostLookedAt));
  const looked = jobs.filter((_, at) => at % step === 0);
  for (const job of looked) yield* wholeJob(job);
  yield* searches(jobs);
  yield* logLines(looked);
  yield* others();
}

/** Every job, as far as there are not too many, the newest first. */
async function* allJobs(): AsyncGenerator<Question, Data[]> {
  const jobs: Data[] = [];
  for (let [page, after] = [0, null as string | null]; page < mostPages; page += 1) {
    const { jobs: list }: Data = yield {
      name: `jobs, page ${page}`,
      query: jobsQuery,
      variables: { first: 50, after },
    };
    jobs.push(...list.edges.map(({ node }: Data) => node));
    if (list.pageInfo.hasNextPage !== true) break;
    after = list.pageInfo.endCursor;
  }
  return jobs;
}

async function* lists(jobs: readonly Data[]): Questions {
  const middle = jobs[Math.floor(jobs.length / 2)];
  const filters = [
    ...statuses.map((status) => ({ status: [status] })),
    { status: ['FAILED', 'CANCELLED'] },
    ...distinct(jobs.flatMap(({ tags }) => tags)).map((tag) => ({ tag })),
    ...distinct(jobs.map(({ owner }) => owner)).map((owner) => ({ owner })),
    ...distinct(jobs.map(({ language }) => language?.code)).map((language) => ({ language })),
    ...distinct(jobs.flatMap(({ title }) => partsOf(title))).map((titleContains) => ({ titleContains })),
    ...distinct(jobs.flatMap(({ media }) => partsOf(media.name))).map((mediaNameContains) => ({ mediaNameContains })),
    { ids: jobs.slice(0, 3).map(({ id }) => id) },
    ...(middle === undefined
      ? []
      : [{ createdAfter: middle.createdAt }, { createdBefore: middle.createdAt }, { updatedAfter: middle.updatedAt }]),
  ];
  for (const filter of filters) {
    yield { name: `jobs with ${JSON.stringify(filter)}`, query: jobsQuery, variables: { first: 20, filter } };
  }
  for (const orderBy of ['CREATED', 'UPDATED']) {
    for (const [way, back] of [
      ['first', 'after', 'endCursor'],
      ['last', 'before', 'startCursor'],
    ].map(([a, b, c]) => [a, [b, c]] as const)) {
      let place: Data = null;
      for (let page = 0; page < mostPages; page += 1) {
        const variables = { [way ?? '']: 3, [back[0] ?? '']: place, orderBy };
        const answer: Data = yield { name: `jobs ${way} by ${orderBy}, page ${page}`, query: jobsQuery, variables };
        place = answer.jobs?.pageInfo[back[1] ?? ''];
        if (place == null) break;
      }
    }
  }
  yield { name: 'jobs after nonsense', query: jobsQuery, variables: { after: 'nonsense' } };
}

async function* wholeJob({ id, status, lastEventSeq }: Data): Questions {
  yield { name: `job ${id}`, query: jobQuery, variables: { id } };
  yield { name: `node ${id}`, query: 'query ($id: ID!) { node(id: $id) { __typename id } }', variables: { id } };
  for (let [page, after] = [0, null as string | null]; page < mostPages; page += 1) {
    const { job }: Data = yield {
      name: `segments of ${id}, page ${page}`,
      query: segmentsQuery,
      variables: { id, after },
    };
    if (job?.segments.pageInfo.hasNextPage !== true) break;
    after = job.segments.pageInfo.endCursor;
  }
  for (const format of formats)
    yield { name: `transcript ${format} of ${id}`, path: `/jobs/${id}/transcript.${format}` };
  yield { name: `recording of ${id}`, path: `/jobs/${id}/media`, headers: { range: 'bytes=0-99' } };
  // Those of others do not end.
  if (!['COMPLETED', 'FAILED', 'CANCELLED'].includes(status)) return;
  for (const seq of [0, Math.floor(lastEventSeq / 2), lastEventSeq - 1, lastEventSeq]) {
    yield { name: `events of ${id} after ${seq}`, path: `/jobs/${id}/events?after=${seq}` };
  }
}

async function* searches(jobs: readonly Data[]): Questions {
  const texts: string[] = jobs.flatMap(({ segments }) => segments.edges.map(({ node }: Data) => node.text));
  const queries = distinct(texts.slice(0, 50).flatMap(queriesOf), mostQueries);
  for (const query of queries) {
    let after: Data = null;
    for (let page = 0; page < mostPages; page += 1) {
      const variables = { query, first: 2, after };
      const { search }: Data = yield { name: `search for ${query}, page ${page}`, query: searchQuery, variables };
      if (search?.pageInfo.hasNextPage !== true) break;
      after = search.pageInfo.endCursor;
    }
  }
  const tags = distinct(jobs.flatMap((job) => job.tags));
  for (const [at, query] of queries.slice(0, 10).entries()) {
    const filter = at % 2 === 0 ? { status: ['COMPLETED'] } : { tag: tags[at % tags.length] ?? 'none' };
    yield {
      name: `search for ${query} with ${JSON.stringify(filter)}`,
      query: searchQuery,
      variables: { query, filter },
    };
  }
}

/** What finds a text: its words, beginnings and parts of them, two side by side, and two characters in a row where words have no spaces. */
function queriesOf(text: string): readonly string[] {
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  const [first = text, second] = words;
  const letters = Array.from(first);
  return [
    first,
    letters.length > 3 ? `${letters.slice(0, 3).join('')}*` : letters.slice(-2).join(''),
    letters.slice(-5).join(''),
    ...(second === undefined ? [] : [`"${first} ${second}"`, `${second} -${first}`]),
  ];
}

async function* logLines(jobs: readonly Data[]): Questions {
  const filters = [
    ...['DEBUG', 'INFO', 'WARN', 'ERROR'].map((level) => ({ level })),
    ...jobs.slice(0, 4).map(({ id }) => ({ jobId: id })),
    { contains: 'e' },
  ];
  for (const filter of filters) {
    yield {
      name: `logs with ${JSON.stringify(filter)}`,
      isLog: true,
      query: logsQuery,
      variables: { first: 50, filter },
    };
  }
}

async function* others(): Questions {
  yield { name: 'a job that is not there', query: jobQuery, variables: { id: 'job_none' } };
  yield {
    name: 'config',
    query: '{ config { mode computePower language numJobs vad wordTimestamps paused retentionDays updatedAt } }',
  };
  yield { name: 'keys', query: '{ apiKeys { id name role prefix configured createdAt expiresAt revokedAt } }' };
  const deliveries = 'deliveries { id event jobId attempts status problem nextAttemptAt deliveredAt }';
  yield { name: 'webhooks', query: `{ webhooks { id url owner events createdAt disabledAt ${deliveries} } }` };
  yield { name: 'queue', query: '{ server { queue { queued working paused } } }' };
}

function partsOf(text: string | null): readonly string[] {
  const letters = Array.from(text ?? '');
  return letters.length < 3 ? [] : [letters.slice(0, 2).join(''), letters.slice(1, 5).join('')];
}

function distinct<T>(values: readonly (T | null | undefined)[], most = mostOfAKind): readonly T[] {
  return [...new Set(values)].filter((value) => value != null).slice(0, most);
}
