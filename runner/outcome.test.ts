import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EndedAttempt, endingOf } from './outcome.ts';
import type { LineOf } from './protocol.ts';

const base: EndedAttempt = {
  exit: { exitCode: 0, signal: null, problem: null },
  last: null,
  halt: null,
  problem: null,
  crashes: 0,
  peakMemoryBytes: 1000,
  provenance: { device: 'cpu' },
};
const end: LineOf<'end'> = {
  type: 'end',
  voices: null,
  segments: 3,
  durationSeconds: 9,
  peakMemoryBytes: null,
  warnings: [],
};
const noAudio = { type: 'error', code: 'MEDIA_NO_AUDIO', message: 'no audio', retryable: false, hint: null } as const;
const noMemory = { type: 'error', code: 'GPU_OUT_OF_MEMORY', message: 'full', retryable: true, hint: null } as const;
const died = { exitCode: null, signal: 'SIGSEGV', problem: null };
const killed = { exitCode: null, signal: 'SIGKILL', problem: null };
const terminated = { exitCode: null, signal: 'SIGTERM', problem: null };
const missing = { exitCode: null, signal: null, problem: 'ENOENT' };
const exit1 = { exitCode: 1, signal: null, problem: null };

/** What is known of the attempt, and how it ends: kind, then the code of its failure or crash. */
const table: readonly (readonly [string, Partial<EndedAttempt>, string])[] = [
  ['it said its end', { last: end }, 'COMPLETED'],
  ['it said its end and fell over on its way out', { last: end, exit: died }, 'COMPLETED'],
  ['it said its end when the server stopped', { last: end, exit: terminated, halt: 'stop' }, 'COMPLETED'],
  ['it said its end when a cancel came', { last: end, halt: 'cancel' }, 'CANCELLED'],
  ['it was cancelled', { exit: terminated, halt: 'cancel' }, 'CANCELLED'],
  ['it was cancelled after two crashes', { exit: killed, halt: 'cancel', crashes: 2 }, 'CANCELLED'],
  ['its lease was lost', { exit: terminated, halt: 'lost' }, 'nothing'],
  ['its lease was lost at its end', { last: end, halt: 'lost' }, 'nothing'],
  ['the server stopped', { exit: terminated, halt: 'stop' }, 'INTERRUPTED'],
  ['the server stopped after two crashes', { exit: killed, halt: 'stop', crashes: 2 }, 'INTERRUPTED'],
  ['the recording is at fault', { last: noAudio, exit: exit1 }, 'FAILED MEDIA_NO_AUDIO'],
  ['it may be better later', { last: noMemory, exit: exit1 }, 'INTERRUPTED GPU_OUT_OF_MEMORY'],
  ['it was no better the third time', { last: noMemory, exit: exit1, crashes: 2 }, 'FAILED GPU_OUT_OF_MEMORY'],
  ['it died', { exit: died }, 'INTERRUPTED ENGINE_CRASHED'],
  ['it died again', { exit: died, crashes: 1 }, 'INTERRUPTED ENGINE_CRASHED'],
  ['it died for the third time', { exit: died, crashes: 2 }, 'FAILED ENGINE_CRASHED'],
  ['the kernel killed it for the third time', { exit: killed, crashes: 2 }, 'FAILED ENGINE_CRASHED'],
  ['it left with an exit code alone', { exit: exit1 }, 'INTERRUPTED ENGINE_CRASHED'],
  ['it left without a word', {}, 'FAILED ENGINE_PROTOCOL'],
  ['it was silent', { exit: terminated, halt: 'stalled' }, 'INTERRUPTED ENGINE_STALLED'],
  ['it was silent for the third time', { exit: killed, halt: 'stalled', crashes: 2 }, 'FAILED ENGINE_STALLED'],
  ['it took too long', { exit: terminated, halt: 'timeout' }, 'FAILED JOB_TIMEOUT'],
  [
    'it broke the protocol',
    { exit: terminated, halt: 'protocol', problem: 'a line is not JSON' },
    'FAILED ENGINE_PROTOCOL',
  ],
  ['the server could not go on', { exit: terminated, halt: 'fault' }, 'INTERRUPTED INTERNAL'],
  ['the server could not go on for the third time', { exit: terminated, halt: 'fault', crashes: 2 }, 'FAILED INTERNAL'],
  ['its program is not there', { exit: missing }, 'FAILED ENGINE_NOT_INSTALLED'],
  ['its program may not be run', { exit: { ...missing, problem: 'EACCES' } }, 'FAILED ENGINE_NOT_INSTALLED'],
  ['the system could not start it', { exit: { ...missing, problem: 'EAGAIN' } }, 'INTERRUPTED INTERNAL'],
];

for (const [story, facts, expected] of table) {
  test(`${story}: ${expected}`, () => {
    const ending = endingOf({ ...base, ...facts });
    assert.equal(tell(ending), expected);
    if (ending === null) return;
    assert.equal(ending.peakMemoryBytes, 1000);
    assert.deepEqual(ending.provenance, { device: 'cpu' });
    assert.equal(ending.signal, facts.exit?.signal ?? null);
  });
}

test('a failure says what to do, keeps the words of the engine, and says whether to try again', () => {
  const ending = endingOf({ ...base, last: noAudio, exit: exit1 });
  assert.deepEqual(ending?.kind === 'FAILED' && { ...ending.failure, hint: typeof ending.failure.hint }, {
    code: 'MEDIA_NO_AUDIO',
    message: 'no audio',
    hint: 'string',
    retryable: false,
  });
});

function tell(ending: ReturnType<typeof endingOf>): string {
  if (ending === null) return 'nothing';
  const code = ending.kind === 'FAILED' ? ending.failure.code : ending.kind === 'INTERRUPTED' ? ending.crash : null;
  return code === null ? ending.kind : `${ending.kind} ${code}`;
}
