import { z } from 'zod';
import type { Config } from '#src/config/config.ts';
import type { ComputePower, FailureCode, JobFailure, TranscriptionOptions } from '#src/jobs/job.ts';
import type { LocalFile } from '#src/media/store.ts';
import { modelPath } from '#src/models/installed.ts';
import type { PartRange } from '#src/store/parts.ts';
import type { Claim } from '#src/store/work.ts';
import { failure } from './failure-hints.ts';

/** What an engine must have loaded, and how, before it can work at a job. */
export interface EngineKind {
  readonly model: { readonly id: string; readonly path: string };
  readonly device: Device;
  readonly computeType: string;
  readonly threads: number;
}

/** The line that gives an engine its job: see runner/engine/PROTOCOL.md. */
export interface JobLine extends EngineKind {
  readonly protocol: 1;
  readonly job: string;
  readonly attempt: number;
  readonly media: LocalFile & { readonly name: string };
  readonly batchSize: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly limits: { readonly maxDurationSeconds: number };
  readonly resume: Readonly<Record<string, unknown>> | null;
  /** What of the recording is to be read; `media` are its samples then. */
  readonly part?: PartRange & { readonly language: string; readonly probability: number };
  /** Where the samples go, with --plan. */
  readonly samples?: { readonly path: string };
  /** Whether there is no sound in the recording, with --end. */
  readonly silent?: boolean;
}

type Device = 'cpu' | 'cuda';

/** What the machine is like when the job starts. */
export interface Machine {
  readonly hasGpu: boolean;
  readonly hasModel: boolean;
  readonly cores: number;
  /** How many engines share the cores. */
  readonly numJobs: number;
}

/** What the store keeps as a job's checkpoint: the engine's `resume` and how many batches it stands for. */
const checkpointSchema = z.object({
  batch: z.int().min(0),
  resume: z.record(z.string(), z.unknown()),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** The checkpoint to go on from; one that this server did not write, or cannot read any more, is none. */
export function checkpointOf(claim: Pick<Claim, 'checkpoint'>): Checkpoint | null {
  return checkpointSchema.safeParse(claim.checkpoint).data ?? null;
}

/** What the engine is asked with: the machine, and the file to open; null where the recording is gone. */
interface Found extends Machine {
  readonly file: LocalFile | null;
}

/** For what an engine is asked; `attempt` is for its log. */
interface Asking extends Pick<Claim, 'job' | 'checkpoint'> {
  readonly lease: { readonly attempt: number };
}

/** What to tell the engine, or why it is not started at all. */
export type EngineRequest =
  | { readonly kind: 'START'; readonly line: JobLine }
  | { readonly kind: 'REFUSE'; readonly failure: JobFailure };

/** The order that a claim comes to on this machine. */
export function requestFor(claim: Asking, config: Config, { file, ...machine }: Found): EngineRequest {
  const { options } = claim.job;
  if (file === null) return refuse('MEDIA_NOT_FOUND', 'The recording is gone, or is not the one that was accepted.');
  if (!machine.hasModel) return refuse('MODEL_NOT_FOUND', `The model ${options.model} is not installed.`);
  const kind = kindFor(options, config, machine);
  if (kind === null) return refuse('GPU_UNAVAILABLE', 'The job asks for a GPU, and the server has none.');
  return { kind: 'START', line: jobLine(claim, config, { ...kind, media: { ...file, name: claim.job.media.name } }) };
}

/** The engine that these options need on this machine; null where it takes a GPU that is not there. */
export function kindFor(
  { mode: name, model, computePower }: Pick<TranscriptionOptions, 'mode' | 'model' | 'computePower'>,
  config: Config,
  machine: Machine,
): EngineKind | null {
  const device = deviceFor(computePower, machine.hasGpu);
  if (device === null) return null;
  const mode = config.transcription.modes[name];
  return {
    model: { id: model, path: modelPath(config, model) },
    device,
    computeType: device === 'cuda' ? mode.gpuComputeType : mode.cpuComputeType,
    threads: Math.max(1, Math.floor(machine.cores / Math.max(1, machine.numJobs))),
  };
}

/** How the engine is told its kind where it starts without a job. */
export function kindArguments({ device, computeType, threads }: EngineKind): readonly string[] {
  return ['--device', device, '--compute-type', computeType, '--threads', String(threads)];
}

function refuse(code: FailureCode, message: string): EngineRequest {
  return { kind: 'REFUSE', failure: failure(code, message) };
}

function jobLine(claim: Asking, config: Config, kind: EngineKind & Pick<JobLine, 'media'>): JobLine {
  const { job } = claim;
  const mode = config.transcription.modes[job.options.mode];
  return {
    protocol: 1,
    job: job.id,
    attempt: claim.lease.attempt,
    ...kind,
    batchSize: kind.device === 'cuda' ? mode.gpuBatchSize : mode.cpuBatchSize,
    options: optionsOf(claim),
    limits: { maxDurationSeconds: config.server.maxDurationHours * 3600 },
    resume: checkpointOf(claim)?.resume ?? null,
  };
}

function deviceFor(power: ComputePower, hasGpu: boolean): Device | null {
  switch (power) {
    case 'AUTO':
      return hasGpu ? 'cuda' : 'cpu';
    case 'CPU_ONLY':
      return 'cpu';
    case 'GPU_ONLY':
      return hasGpu ? 'cuda' : null;
    default:
      return power satisfies never;
  }
}

/** The engine is told all options but those that chose it, and how many speakers there are, which is asked when it is done. */
function optionsOf({ job }: Pick<Claim, 'job'>): JobLine['options'] {
  const {
    mode: _mode,
    model: _model,
    computePower: _power,
    minSpeakers: _min,
    maxSpeakers: _max,
    ...options
  } = job.options;
  return { ...options, task: options.task.toLowerCase(), channels: options.channels.toLowerCase() };
}
