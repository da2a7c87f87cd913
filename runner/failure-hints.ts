import type { FailureCode, JobFailure } from '#src/jobs/job.ts';

/** Per reason: whether trying the same again can help, and what a person does about it. */
const failureHints: Readonly<Record<FailureCode, readonly [retryable: boolean, hint: string]>> = {
  MEDIA_NOT_FOUND: [
    false,
    'The recording was moved, deleted or changed after the job was accepted. Submit it again from where it is now.',
  ],
  MEDIA_EMPTY: [false, 'The file holds no data. Check that it was copied to its end, or what is at its URL.'],
  MEDIA_NO_AUDIO: [false, 'The file has no audio track. Choose another file, or export its sound.'],
  MEDIA_UNSUPPORTED: [false, 'Convert the recording to FLAC, WAV, MP3, M4A, Ogg or WMA and submit it again.'],
  MEDIA_CORRUPT: [
    false,
    'The recording cannot be decoded. Copy it again from its source, or repair it with a media tool.',
  ],
  MEDIA_CHANGED: [
    false,
    'The recording was changed while it was being transcribed. Submit it again, or retry the job from its start.',
  ],
  MEDIA_TOO_LONG: [
    false,
    'Split the recording, ask for a part of it with clip, or raise maxDurationHours in config.json.',
  ],
  MEDIA_TOO_LARGE: [
    false,
    'Split the recording, give a path under a media root, or raise maxUploadBytes in config.json.',
  ],
  DOWNLOAD_FAILED: [true, 'Check that the address can be reached from the server, then retry the job.'],
  MODEL_NOT_FOUND: [
    true,
    'Install the model with downloadModel, or put it into the model directory, then retry the job; or choose a mode whose model is installed.',
  ],
  MODEL_INVALID: [true, 'Delete the folder of the model and install it again, then retry the job.'],
  GPU_UNAVAILABLE: [true, 'Check that nvidia-smi shows a GPU on the server, or use computePower AUTO or CPU_ONLY.'],
  GPU_OUT_OF_MEMORY: [
    true,
    'Free GPU memory, lower numJobs or the mode’s gpuBatchSize, or use a smaller mode; then retry the job.',
  ],
  OUT_OF_MEMORY: [
    true,
    'Lower numJobs or the mode’s cpuBatchSize, use a smaller mode, or give the server more memory; then retry the job.',
  ],
  ENGINE_NOT_INSTALLED: [
    true,
    'Run `npm run setup` on the server, or correct engineCommand in config.json; then retry the job.',
  ],
  ENGINE_CRASHED: [
    true,
    'The logs of the job hold the last lines of the engine. If other recordings work, convert this one to FLAC.',
  ],
  ENGINE_STALLED: [
    true,
    'The logs of the job hold the last lines of the engine. Check the load of the server, then retry the job.',
  ],
  ENGINE_PROTOCOL: [
    false,
    'The engine does not fit this server. Run `npm run setup` again, and check engineCommand in config.json.',
  ],
  JOB_TIMEOUT: [
    true,
    'Retry the job: it goes on from where it was. A smaller mode or a lower numJobs makes it faster.',
  ],
  STORAGE_FULL: [
    true,
    'Free space on the disk of the data directory, then retry the job: it goes on from where it was.',
  ],
  INTERNAL: [true, 'The logs of the job and of the server say more. Retry the job.'],
};

/** A failure with the hint for its code; `retryable` and `hint` where the engine knows better. */
export function failure(
  code: FailureCode,
  message: string,
  { retryable, hint }: { readonly retryable?: boolean; readonly hint?: string | null } = {},
): JobFailure {
  const [usually, usual] = failureHints[code];
  return { code, message, hint: hint ?? usual, retryable: retryable ?? usually };
}
