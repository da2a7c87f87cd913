import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { openTestServer, type TestServer } from '#src/testing/server.ts';

const text = 'one two three';

let server: TestServer;
before(async () => {
  server = await openTestServer();
});
after(() => server[Symbol.asyncDispose]());

/** Users of the SDK of Python, as its README has them. */
const program = `
import sys, openai
client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="sk-anything", max_retries=0)
def speech(**more):
    with open(sys.argv[2], "rb") as file:
        return client.audio.transcriptions.create(file=file, model="whisper-1", **more)
print(speech().text)
verbose = speech(response_format="verbose_json", timestamp_granularities=["segment", "word"])
print(verbose.language, verbose.duration, [(each.start, each.end, each.text) for each in verbose.segments])
print(speech(response_format="text").strip())
print([each.delta for each in speech(stream=True) if each.type == "transcript.text.delta"])
done = [each for each in speech(stream=True) if each.type == "transcript.text.done"][0]
print(done.text, done.usage.seconds)
turns = speech(response_format="diarized_json", extra_body={"chunking_strategy": "auto"})
print(type(turns).__name__, turns.duration, [(each.speaker, each.start, each.end, each.text) for each in turns.segments])
print([each.id for each in client.models.list()])
try:
    speech(language="klingon")
except openai.BadRequestError as error:
    print(error.param, error.type)
try:
    client.audio.transcriptions.create(file=("a.wav", b""), model="whisper-1")
except openai.BadRequestError as error:
    print(error.code)
`;

test('the SDK of Python is answered with what it expects', async () => {
  const python = join(import.meta.dirname, '../../../.venv/bin/python');
  const { stdout } = await execa(python, ['-c', program, server.url, join(server.media, 'speech.wav')]);
  assert.deepEqual(stdout.split('\n'), [
    text,
    "english 9.0 [(0.0, 3.0, 'one'), (3.0, 6.0, 'two'), (6.0, 9.0, 'three')]",
    text,
    "['one', ' two', ' three']",
    `${text} 9`,
    "TranscriptionDiarized 9.0 [('A', 0.0, 3.0, 'one'), ('B', 3.0, 6.0, 'two'), ('A', 6.0, 9.0, 'three')]",
    "['whisper-1', 'COMPACT', 'base']",
    'language invalid_request_error',
    'media_rejected',
  ]);
});

test('curl is answered, whole and while the words come', async () => {
  const curl = async (...args: readonly string[]) => {
    const form = [`file=@${join(server.media, 'speech.wav')}`, 'model=whisper-1', ...args];
    const fields = form.flatMap((field) => ['-F', field]);
    return (await execa('curl', ['-sS', `${server.url}/v1/audio/transcriptions`, ...fields])).stdout;
  };
  assert.equal(JSON.parse(await curl()).text, text);
  assert.equal(await curl('response_format=text'), text);
  const events = (await curl('stream=true')).split('\n').filter((line) => line.startsWith('data: '));
  assert.equal(events.length, 5);
  assert.equal(events.at(-1), 'data: [DONE]');
});

/** What other programs send, as it was recorded from their libraries, with their boundaries, but for a connection that is closed; the recording stands where FILE does. */
const recorded = [
  {
    // open-webui/open-webui, backend/open_webui/routers/audio.py at 6adde203, transcription_handler; requests 2.34.2.
    program: 'Open WebUI',
    boundary: 'fe9ac2d034033926351505e0df7ac910',
    head: ['User-Agent: python-requests/2.34.2', 'Accept: */*', 'Authorization: Bearer sk-anything'],
    parts: [
      ['Content-Disposition: form-data; name="model"', '', 'whisper-1'],
      ['Content-Disposition: form-data; name="language"', '', 'en'],
      ['Content-Disposition: form-data; name="file"; filename="a.wav"', '', 'FILE'],
    ],
  },
  {
    // roryeckel/wyoming_openai, src/wyoming_openai/handler.py at 777c2cf9, _handle_audio_stop; openai 3.57.0.
    program: 'wyoming-openai',
    boundary: '0d1db40fc7c27d547b617d47e95da170',
    head: [
      'authorization: Bearer sk-anything',
      'accept: application/json',
      'user-agent: AsyncOpenAI/Python 3.57.0',
      'x-stainless-lang: python',
      'x-stainless-async: async:asyncio',
      'x-stainless-retry-count: 0',
      'x-stainless-read-timeout: 600',
    ],
    parts: [
      ['Content-Disposition: form-data; name="model"', '', 'whisper-1'],
      ['Content-Disposition: form-data; name="response_format"', '', 'json'],
      ['Content-Disposition: form-data; name="stream"', '', 'false'],
      ['Content-Disposition: form-data; name="temperature"', '', '0.5'],
      [
        'Content-Disposition: form-data; name="file"; filename="recording.wav"',
        'Content-Type: audio/x-wav',
        '',
        'FILE',
      ],
    ],
  },
] as const;

for (const { program: name, boundary, head, parts } of recorded) {
  test(`${name} is answered as it expects`, async () => {
    const { hostname, port, host } = new URL(server.url);
    const lines = [...parts.flatMap((part) => [`--${boundary}`, ...part]), `--${boundary}--`, ''];
    const [start = '', end = ''] = lines.join('\r\n').split('FILE');
    const body = Buffer.concat([
      Buffer.from(start),
      await readFile(join(server.media, 'speech.wav')),
      Buffer.from(end),
    ]);
    const request = [
      'POST /v1/audio/transcriptions HTTP/1.1',
      `Host: ${host}`,
      'Accept-Encoding: gzip, deflate',
      'Connection: close',
      ...head,
      `Content-Length: ${body.length}`,
      `Content-Type: multipart/form-data; boundary=${boundary}`,
    ];
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    await once(socket, 'connect');
    socket.write(`${request.join('\r\n')}\r\n\r\n`);
    socket.write(body);
    const answer = (await socket.toArray()).join('');
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/u);
    assert.match(answer, /\r\nContent-Type: application\/json/iu);
    assert.ok(answer.includes(`{"text":"${text}",`), answer);
  });
}
