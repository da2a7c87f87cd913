import { z } from 'zod';
import type { Caller } from './config/api-key.ts';
import { type Config, retentionDaysSchema } from './config/config.ts';
import { type ComputePower, computePowers, type TranscriptionMode, transcriptionModes } from './jobs/job.ts';
import { type LanguageCode, languageCodes } from './jobs/languages.ts';
import type { Log } from './logs/log.ts';
import type { Store } from './store/store.ts';

/** What setConfig, pauseQueue and resumeQueue change, as it holds now. */
export interface TranscriptionSettings {
  readonly mode: TranscriptionMode;
  readonly computePower: ComputePower;
  readonly numJobs: number;
  /** Language for jobs that name none; null = detect. */
  readonly language: LanguageCode | null;
  readonly wordTimestamps: boolean;
  readonly vad: boolean;
  /** Finished jobs are deleted after so many days; null = never. */
  readonly retentionDays: number | null;
  /** No job is started; those that run go on. */
  readonly paused: boolean;
}

/** A change: undefined = unchanged, `'default'` = back to the value of config.json. */
export type SettingsChange = {
  readonly [K in keyof TranscriptionSettings]?: TranscriptionSettings[K] | 'default' | undefined;
};

/** The settings of config.json and the environment with the overrides of setConfig over them. Overrides outlive a restart. */
export interface Settings {
  current(): TranscriptionSettings;
  /** When something was last changed; null = never. */
  updatedAt(): Date | null;
  /** Stores checked values, which caller changed them, and when; they hold at once. */
  change(change: SettingsChange, caller: Caller): Promise<void>;
  /** Reads what another process may have changed. */
  refresh(): Promise<void>;
  /** Hears that settings were changed, here or elsewhere. */
  onChange(listener: () => void): void;
}

/** Key under which the time of the last change stands: a setting that goes back to its default leaves no row. */
const lastChange = 'lastChange';

/** One parse function for what the store holds: an override that no longer fits config.json is left out and told. */
const schemas = (config: Config) => ({
  mode: z.enum(transcriptionModes),
  computePower: z.enum(computePowers),
  numJobs: z.int().min(1).max(config.server.maxNumJobs),
  language: z.enum(languageCodes).nullable(),
  wordTimestamps: z.boolean(),
  vad: z.boolean(),
  retentionDays: retentionDaysSchema.nullable(),
  paused: z.boolean(),
});

/** Reads the overrides and tells them in the log, since they go before what config.json says. */
export async function openSettings(config: Config, store: Store, log: Log): Promise<Settings> {
  let current = base(config);
  let updatedAt: Date | null = null;
  const listeners: (() => void)[] = [];

  async function read(): Promise<readonly string[]> {
    const before = JSON.stringify(current);
    const overrides: Record<string, unknown> = {};
    const unfit: string[] = [];
    for (const { key, value, changedAt } of await store.settings()) {
      if (key === lastChange) {
        updatedAt = changedAt;
        continue;
      }
      const schema = Object.entries(schemas(config)).find(([name]) => name === key)?.[1];
      if (schema?.safeParse(value).success === true) overrides[key] = value;
      else unfit.push(key);
    }
    current = { ...base(config), ...overrides };
    if (JSON.stringify(current) === before) return unfit;
    log.info({ overrides }, 'settings overridden');
    for (const listener of listeners) listener();
    return unfit;
  }
  const unfit = await read();
  if (unfit.length > 0) log.warn({ keys: unfit }, 'settings left out');
  return {
    current: () => current,
    updatedAt: () => updatedAt,
    async change(change, caller) {
      const entries = Object.entries(change).filter(([, value]) => value !== undefined);
      await store.changeSettings(
        {
          ...Object.fromEntries(entries.map(([key, value]) => [key, value === 'default' ? undefined : value])),
          [lastChange]: true,
        },
        caller.name ?? 'anonymous',
      );
      await read();
    },
    async refresh() {
      await read();
    },
    onChange: (listener) => {
      listeners.push(listener);
    },
  };
}

function base({ transcription }: Config): TranscriptionSettings {
  const { mode, computePower, numJobs, language, wordTimestamps, vad, retentionDays } = transcription;
  return { mode, computePower, numJobs, language, wordTimestamps, vad, retentionDays, paused: false };
}
