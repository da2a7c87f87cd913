import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { eventsOf } from '#src/testing/follow.ts';
import { openTestServer, type TestServer } from '#src/testing/server.ts';

const folder = join(import.meta.dirname, '../data-directories');
/** Where the recordings of its jobs lay when it was made. */
const rootBefore = '/srv/recordings';

/**
 * Data directories as older versions left them, each killed while one job ran: two jobs COMPLETED, one each FAILED, CANCELLED, WORKING, and two QUEUED;
 * two of them of a recording under a media root, the others of uploads; with logs and settings. A second directory of 0.1.0 was used on until speakers were told
 * apart, and has one job more, whose speakers were told twice, named, and merged.
 */
const versions = await readdir(folder);
const isWithSpeakers = (version: string): boolean => version.endsWith('-speakers');

/** A copy of such a directory, in another place than where it was made, and a media root with the recording of its jobs. */
async function copyOlder(version: string) {
  const directory = await mkdtemp(join(tmpdir(), 'phonograph-'));
  const data = join(directory, 'moved/data');
  const root = join(directory, 'recordings');
  await cp(join(folder, version), data, { recursive: true });
  await mkdir(join(root, 'interviews'), { recursive: true });
  await writeFile(join(root, 'interviews/Müller.wav'), 'a recording under a root');
  // As if its media root had been where the test has one now.
  const db = new Sqlite(join(data, 'phonograph.db'));
  db.prepare('update media set path = replace(path, ?, ?)').run(rootBefore, root);
  db.close();
  return { directory, data, root, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

function openOlder({ directory, data, root }: Awaited<ReturnType<typeof copyOlder>>): Promise<TestServer> {
  const mediaRoots = [
    { configured: directory, path: directory },
    { configured: 'archive', path: root },
  ];
  return openTestServer({ server: { dataDirectory: data, mediaRoots, logRetentionDays: 36_500 } });
}

async function jobsOf(server: TestServer, filter = '') {
  const query = `{ jobs(first: 100 ${filter}) { totalCount edges { node {
    id status title tags metadata options { mode model language clip { startSeconds } } language { code }
    media { name bytes url sha256 } failure { code } attempts { outcome } lastEventSeq segments { edges { node { text } } }
  } } } }`;
  const { data, errors } = await server.ask(query);
  assert.equal(errors, undefined);
  return data.jobs.edges.map(({ node }: any) => node);
}

for (const version of versions) {
  test(`the data directory of ${version} opens: jobs go on, are listed, played, retried and found`, async (t) => {
    await using older = await copyOlder(version);
    await using server = await openOlder(older);
    for (const { id } of await jobsOf(server)) await eventsOf(server.url, id);
    const jobs = await jobsOf(server);

    await t.test('every job is listed, and those that were not finished are done', () => {
      const statuses = jobs.map(({ status }: any) => status).toSorted();
      const completed = Array.from({ length: isWithSpeakers(version) ? 6 : 5 }, () => 'COMPLETED');
      assert.deepEqual(statuses, ['CANCELLED', ...completed, 'FAILED']);
      const named = jobs.find(({ title }: any) => title === 'Interview mit Frau Müller');
      assert.deepEqual(named.tags, ['radio', 'archive']);
      assert.deepEqual(named.metadata, { shelf: 7 });
      assert.equal(named.segments.edges.length, 5);
    });

    await t.test('every recording is played, the uploads and those under a root', async () => {
      for (const { media, id } of jobs) {
        const response = await fetch(`${server.url}/jobs/${id}/media`);
        assert.deepEqual([response.status, (await response.arrayBuffer()).byteLength], [200, media.bytes], media.name);
        assert.equal(media.url, `/jobs/${id}/media`);
      }
    });

    await t.test('what has failed or was cancelled is retried, from the upload that is kept', async () => {
      for (const { id, status } of jobs) {
        if (status === 'COMPLETED') continue;
        const { data } = await server.ask(
          `mutation { retry(id: "${id}") { __typename ... on Error { code message } } }`,
        );
        assert.deepEqual(data.retry, { __typename: 'RetrySuccess' });
        assert.equal((await eventsOf(server.url, id)).at(-1)?.status, 'COMPLETED');
      }
    });

    await t.test('jobs are found by names without accents, by tags, and by what is said in them', async () => {
      assert.equal((await jobsOf(server, 'filter: { titleContains: "MULLER" }')).length, 1);
      assert.equal((await jobsOf(server, 'filter: { mediaNameContains: "müll" }')).length, 2);
      assert.equal((await jobsOf(server, 'filter: { tag: "radio" }')).length, 2);
      const { data } = await server.ask('{ search(query: "donaudampfschifffahrt") { edges { node { job { id } } } } }');
      assert.equal(data.search.edges.length, 2);
    });

    await t.test('settings hold, and log lines are there', async () => {
      const { data } = await server.ask(
        '{ config { language numJobs retentionDays } logs(filter: { year: 2026 }, first: 1000) { edges { node { event } } } }',
      );
      assert.deepEqual(data.config, { language: 'de', numJobs: 1, retentionDays: 36_500 });
      assert.ok(data.logs.edges.filter(({ node }: any) => node.event === 'job ended').length >= 4);
    });
  });

  test(`the data directory of ${version} without its database loses no recording`, async () => {
    await using older = await copyOlder(version);
    const { data } = older;
    const kept = await readdir(join(data, 'media'));
    await rename(join(data, 'phonograph.db'), join(older.directory, 'phonograph.db'));
    await (await openOlder(older))[Symbol.asyncDispose]();
    assert.deepEqual(await readdir(join(data, 'media')), kept);
    await (await openOlder(older))[Symbol.asyncDispose]();
    assert.deepEqual(await readdir(join(data, 'media')), []);
    const [day = ''] = await readdir(join(data, 'trash'));
    assert.deepEqual(await readdir(join(data, 'trash', day)), kept);
  });

  test(`the data directory of ${version} is moved and played again, and its roots with it`, async () => {
    await using older = await copyOlder(version);
    const { data, root } = older;
    await (async () => {
      await using server = await openOlder(older);
      for (const { id } of await jobsOf(server)) await eventsOf(server.url, id);
    })();
    const paths = new Sqlite(join(data, 'phonograph.db'), { readonly: true });
    const keys = paths.prepare('select distinct root, path from media order by path').raw().all();
    paths.close();
    assert.deepEqual(
      keys.filter(([name]: any) => name !== null),
      [['archive', 'interviews/Müller.wav']],
      'the longest root that fits',
    );
    for (const [, path] of keys as [string, string][]) assert.ok(!path.startsWith('/'), path);
    await rename(data, `${data}-again`);
    await rename(root, `${root}-again`);
    const mediaRoots = [{ configured: 'archive', path: `${root}-again` }];
    await using again = await openTestServer({ server: { dataDirectory: `${data}-again`, mediaRoots } });
    for (const { media, id } of await jobsOf(again)) {
      assert.equal((await fetch(`${again.url}/jobs/${id}/media`)).status, 200, media.name);
    }
  });
}

for (const version of versions.filter(isWithSpeakers)) {
  test(`the speakers of ${version} are there, and are told and merged anew`, async () => {
    await using older = await copyOlder(version);
    await using server = await openOlder(older);
    const { data } = await server.ask('{ jobs(filter: { titleContains: "two who talk" }) { edges { node { id } } } }');
    const { id } = data.jobs.edges[0].node;
    const look = async () => {
      const query = `{ job(id: "${id}") { edited options { maxSpeakers } speakers { key label } segments(first: 9) { edges { node { speaker text originalText } } } } }`;
      const { segments, ...job } = (await server.ask(query)).data.job;
      return { ...job, lines: segments.edges.map(({ node }: any) => `${node.speaker}: ${node.text}`) };
    };
    const speakers = [
      { key: '1', label: 'Speaker 1' },
      { key: '2', label: 'Nobody' },
    ];
    const rest = ['2: is', '1: there', '2: nobody is here', '1: then who speaks', '2: somebody'];
    assert.deepEqual(await look(), {
      edited: true,
      options: { maxSpeakers: 3 },
      speakers,
      lines: ['1: Who was there?', ...rest],
    });
    const detect = `mutation { detectSpeakers(jobId: "${id}", maxSpeakers: 2) { __typename ... on Error { message } } }`;
    assert.deepEqual((await server.ask(detect)).data.detectSpeakers, { __typename: 'DetectSpeakersSuccess' });
    const told = await look();
    // The engine of this test has each segment said by another.
    assert.deepEqual(told.lines, ['1: Who was there? is there nobody is here', '2: then who speaks', '1: somebody']);
    assert.equal(told.options.maxSpeakers, 2);
    const merge = `mutation { mergeSpeakers(jobId: "${id}", keys: ["2"], into: "1") { __typename } }`;
    assert.deepEqual((await server.ask(merge)).data.mergeSpeakers, { __typename: 'DetectSpeakersSuccess' });
    assert.equal((await look()).speakers.length, 1);
  });
}
