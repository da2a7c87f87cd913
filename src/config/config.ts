import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { computePowers, transcriptionModes } from '../jobs/job.ts';
import { languageCodes } from '../jobs/languages.ts';
import { apiKeySchema, haveOneRoleEach } from './api-key.ts';
import { databaseUrlRule, isDatabaseUrl } from './database-url.ts';
import { isRecord, readEnvironment } from './environment.ts';
import { explainIssue } from './explain-issue.ts';
import { isSecret, secretRule } from './webhook-secret.ts';

const computeTypes = [
  'float32',
  'float16',
  'bfloat16',
  'int8',
  'int8_float16',
  'int8_float32',
  'int8_bfloat16',
] as const;

const modeSchema = z.strictObject({
  model: z.string().min(1),
  gpuBatchSize: z.int().min(1).max(64),
  cpuBatchSize: z.int().min(1).max(64),
  gpuComputeType: z.enum(computeTypes),
  cpuComputeType: z.enum(computeTypes),
});

/** A bucket by the rules of its name, and what goes before every key in it. */
export const s3Place = /^s3:\/\/(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(?<prefix>[\w!.*'()/-]*))?$/u;

/** A hundred years is as good as for ever, and still a date. */
export const maxRetentionDays = 36_500;

/** Days for which finished jobs, or log lines, are kept. */
export const retentionDaysSchema = z.int().min(1).max(maxRetentionDays);

/** Boot only: changed by editing config.json or the environment and starting again. */
const serverSchema = z.strictObject({
  listenHost: z.string().min(1),
  listenPort: z.int().min(0).max(65_535),
  /** Host names, without a port, by which clients may call the server beside loopback's; "*" for any. */
  allowedHosts: z.array(z.string().min(1)),
  /** Where clients find the server behind a proxy, such as https://example.org/speech: the path there goes before the paths that it gives away. */
  publicUrl: z
    .url({ protocol: /^https?$/u, error: 'must be an http or https address' })
    .refine((url) => !/[?#]|^\w+:\/\/[^/]*@/u.test(url), 'must hold no query, fragment or password')
    .transform((url) => url.replace(/\/+$/u, ''))
    .nullable(),
  /** Origins, such as https://app.example.org, whose pages may call the server beside its own. */
  allowedOrigins: z.array(z.url()),
  /** With one of them, or of the database, every request needs one. */
  apiKeys: z.array(apiKeySchema).refine(haveOneRoleEach, 'must have one role for keys of one name'),
  /** Whoever shows it may read /metrics, and nothing else. */
  metricsToken: z
    .string()
    .regex(
      /^(?=.*[A-Za-z])[\w.~+/-]{16,512}=*$/u,
      'must have 16 to 512 characters of an API token, a letter among them',
    )
    .nullable(),
  /** Signs what is told to the callbacks of jobs; with none there are no callbacks. */
  webhookSecret: z.string().refine(isSecret, secretRule).nullable(),
  /** Whether clients may ask for the schema, and browsers for the page of GraphiQL, which asks for it. */
  introspection: z.boolean(),
  graphiql: z.boolean(),
  /** Serve without API keys beyond loopback. */
  allowUnauthenticated: z.boolean(),
  dataDirectory: z.string().min(1),
  /** Where jobs are kept that several nodes share, such as postgresql://user:password@host/phonograph; with none they are in a file of the data directory. */
  databaseUrl: z.string().refine(isDatabaseUrl, databaseUrlRule).nullable(),
  /** The certificate of whoever has signed that of the database. */
  databaseCaFile: z.string().min(1).nullable(),
  /** Connections of this node to the database at a time; it has a few more for what is no query. */
  databaseConnections: z.int().min(2).max(1000),
  /** Where the recordings of jobs are: a folder that several servers may share, or s3://BUCKET/PREFIX; null = the data directory. */
  mediaStore: z
    .string()
    .min(1)
    .refine((place) => !place.includes('://') || s3Place.test(place), 'must be a folder, or s3://BUCKET/PREFIX')
    .nullable(),
  /** Address of a server that speaks S3; null = that of Amazon. Credentials come from where every client of Amazon finds them. */
  s3Endpoint: z
    .url({ protocol: /^https?$/u, error: 'must be an http or https address' })
    .refine((url) => !/^\w+:\/\/[^/]*@/u.test(url), 'must not hold a password: AWS_SECRET_ACCESS_KEY is for that')
    .nullable(),
  s3Region: z.string().min(1).nullable(),
  /** Whether the bucket stands in the path of an address, and not in its host name. */
  s3PathStyle: z.boolean(),
  /** Copies of recordings that a worker keeps of what is in S3. */
  mediaCacheBytes: z.int().min(0),
  mediaRoots: z.array(z.string().min(1)).min(1),
  modelDirectory: z.string().min(1),
  /** Address of the Hugging Face hub, or of a mirror of it. */
  hubEndpoint: z
    .url({ protocol: /^https?$/u, error: 'must be an http or https address' })
    .refine((url) => !/^\w+:\/\/[^/]*@/u.test(url), 'must not hold a password: HF_TOKEN is for that')
    .transform((url) => url.replace(/\/+$/u, '')),
  /** Networks of one's own that may be fetched from, beside the internet and the hub itself. */
  urlAllowedCidrs: z.array(z.union([z.cidrv4(), z.cidrv6()])),
  /** Downloads no models. */
  hubOffline: z.boolean(),
  /** Addresses of reverse proxies before the server: they speak for many. */
  trustedProxies: z.array(z.union([z.ipv4(), z.ipv6()])),
  maxUploadBytes: z.int().min(1),
  /** Recordings that are fetched by their URL at a time, one of a caller. */
  maxDownloads: z.int().min(1).max(100),
  /** Free space on the disk of the data directory below which nothing is accepted. */
  minFreeBytes: z.int().min(0),
  maxDurationHours: z.number().positive().max(1000),
  maxQueued: z.int().min(1),
  maxQueuedPerCaller: z.int().min(1),
  /** Hours of audio that one caller may submit in 24 h; null = any. */
  maxAudioHoursPerDay: z.number().positive().nullable(),
  /** Of the roles USER and READER. */
  maxRequestsPerMinute: z.int().min(1),
  /** Highest priority that a USER may give. */
  maxUserPriority: z.int().min(-1000).max(1000),
  usersMayReadMediaRoots: z.boolean(),
  /** What becomes of the jobs of calls of OpenAI's API once these are answered. */
  openaiRetention: z.enum(['keep', 'delete']),
  maxNumJobs: z.int().min(1).max(256),
  /** How long a worker may say nothing before what it did is another's. */
  leaseSeconds: z.number().min(3).max(300),
  /** Jobs that this worker runs at a time; null = numJobs. */
  slots: z.int().min(1).max(256).nullable(),
  /** Recordings that last longer are read by several slots where some are free; null = none is. */
  splitMinutes: z.number().min(0.1).max(1440).nullable(),
  /** The modes of the jobs that this worker takes where others take jobs from the same database; none = all. */
  servedModes: z.array(z.enum(transcriptionModes)),
  /** Connections at a time, in all and from one address. */
  maxSockets: z.int().min(16),
  maxSocketsPerAddress: z.int().min(1),
  /** What one caller may have at a time. */
  maxUploadsPerCaller: z.int().min(1),
  maxUnfinishedUploadsPerCaller: z.int().min(1),
  maxSubscriptionsPerCaller: z.int().min(1),
  maxSubscriptionsPerSocket: z.int().min(1),
  /** A body of which no byte comes for so long is not waited for. */
  bodyIdleSeconds: z.number().positive(),
  engineCommand: z.array(z.string().min(1)).min(1),
  engineSilenceSeconds: z.number().positive(),
  engineStopSeconds: z.number().positive(),
  /** Engines that load a model ahead and wait for a job. */
  standby: z.int().min(0).max(1),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
  /** Days for which log lines are kept, in the database and in files. */
  logRetentionDays: retentionDaysSchema,
  /** Size up to which log lines are kept in the database, and another time in files. */
  logMaxBytes: z.int().min(1_048_576),
});

/** Defaults of what setConfig changes, and the table of modes. */
const transcriptionSchema = z.strictObject({
  mode: z.enum(transcriptionModes),
  computePower: z.enum(computePowers),
  numJobs: z.int().min(1),
  language: z.enum(languageCodes).nullable(),
  wordTimestamps: z.boolean(),
  vad: z.boolean(),
  retentionDays: retentionDaysSchema.nullable(),
  beamSize: z.int().min(1).max(10),
  modes: z.strictObject({ HIGH_ACCURACY: modeSchema, LOW_LATENCY: modeSchema, TURBO: modeSchema, COMPACT: modeSchema }),
});

const configSchema = z
  .strictObject({ server: serverSchema, transcription: transcriptionSchema })
  .refine((config) => config.transcription.numJobs <= config.server.maxNumJobs, {
    path: ['transcription', 'numJobs'],
    error: 'must not be above server.maxNumJobs',
  });

type Parsed = z.infer<typeof configSchema>;

/** What a process is there for: to be asked and to run jobs, or one of both, where several share a database. */
export type ServerRole = 'all' | 'api' | 'worker';

/** A folder whose recordings may be transcribed: as the settings name it, and where that is. */
export interface MediaRoot {
  readonly configured: string;
  readonly path: string;
}

export type Config = Omit<Parsed, 'server'> & {
  readonly server: Omit<Parsed['server'], 'mediaRoots'> & { readonly mediaRoots: readonly MediaRoot[] };
  /** Shown to the hub alone; from HF_TOKEN, never from a file. */
  readonly hubToken: string | null;
  /** What is fetched is asked for through the proxy of HTTPS_PROXY; from NODE_USE_ENV_PROXY, as Node has it. */
  readonly usesEnvProxy: boolean;
  /** Whether spans are sent somewhere; where and how is read by OpenTelemetry itself, from the variables that it is known by. */
  readonly traces: boolean;
};
export type ModeConfig = z.infer<typeof modeSchema>;

/**
 * Reads config.json, lays the file of PHONOGRAPH_CONFIG and the environment over it, and checks all of it at once.
 *
 * Relative paths are taken from `root`, the project's folder. Throws ConfigError with every problem found; nothing is changed on disk.
 */
export function readConfig(root: string, environment: NodeJS.ProcessEnv): Config {
  const standard = resolve(root, 'config.json');
  const file = resolve(root, environment['PHONOGRAPH_CONFIG'] ?? standard);
  const settings = file === standard ? readFile(file) : overlay(readFile(standard), readFile(file));
  const { values, problems, variables } = readEnvironment(settings, environment);
  const hubToken = environment['HF_TOKEN']?.trim() || null;
  if (hubToken !== null && !/^[\x21-\x7e]+$/u.test(hubToken))
    problems.push('HF_TOKEN must be one word of ASCII characters');
  const parsed = configSchema.safeParse(values);
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => describe(issue, variables)));
  if (!parsed.success || problems.length > 0) throw new ConfigError(file, problems);
  const usesEnvProxy = environment['NODE_USE_ENV_PROXY'] === '1';
  const traces = traceVariables.some((name) => Boolean(environment[name]));
  return { ...parsed.data, server: absolute(root, parsed.data.server), hubToken, usesEnvProxy, traces };
}

/** Each of them says where spans go (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). */
const traceVariables = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];

/**
 * Refuses settings that would let everybody in, where no API keys are needed. Throws ConfigError.
 *
 * DNS rebinding (a page whose name resolves to this server) gains nothing where every request needs a key; without keys a * would allow it.
 */
export function refuseWithoutKeys({ server }: Config): void {
  const { listenHost, allowUnauthenticated, allowedHosts } = server;
  const problems = [
    ...(allowUnauthenticated || isLoopback(listenHost)
      ? []
      : [
          'server.listenHost must be 127.0.0.1, ::1 or localhost while there are no API keys: make one with `npx phonograph keys NAME`, or set allowUnauthenticated to true, which lets everybody in',
        ]),
    ...(allowedHosts.includes('*')
      ? ['server.allowedHosts may hold * only with API keys; without them name each host']
      : []),
  ];
  if (problems.length > 0) throw new ConfigError('config.json', problems);
}

/** Whether only programs of this machine reach what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/u.test(host);
}

function readFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError(file, [cause instanceof Error ? cause.message : String(cause)], { cause });
  }
}

/** With the variable where the value comes from the environment. */
function describe(issue: z.core.$ZodIssue, variables: ReadonlyMap<string, string>): string {
  const key = issue.path.join('.');
  const variable = variables.get(issue.path.slice(0, 2).join('.'));
  return `${key || 'the file'}${variable === undefined ? '' : ` (${variable})`} ${explainIssue(issue)}`;
}

/** Objects are joined key by key; everything else is replaced. */
function overlay(under: unknown, over: unknown): unknown {
  if (!isRecord(under) || !isRecord(over)) return over;
  return {
    ...under,
    ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, overlay(under[key], value)])),
  };
}

function isFolder(place: string | null): place is string {
  return place !== null && !s3Place.test(place);
}

function absolute(root: string, server: Parsed['server']): Config['server'] {
  const [program = '', ...args] = server.engineCommand;
  return {
    ...server,
    dataDirectory: resolve(root, server.dataDirectory),
    databaseCaFile: server.databaseCaFile === null ? null : resolve(root, server.databaseCaFile),
    mediaStore: isFolder(server.mediaStore) ? resolve(root, server.mediaStore) : server.mediaStore,
    mediaRoots: server.mediaRoots.map((configured) => ({ configured, path: resolve(root, configured) })),
    modelDirectory: resolve(root, server.modelDirectory),
    engineCommand: [program.includes('/') ? resolve(root, program) : program, ...args],
  };
}
