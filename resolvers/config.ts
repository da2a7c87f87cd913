import { maxRetentionDays, type ModeConfig } from '#src/config/config.ts';
import { InvalidInputError } from '#src/errors.ts';
import { type TranscriptionMode, transcriptionModes } from '#src/jobs/job.ts';
import { type LanguageCode, languageCodes } from '#src/jobs/languages.ts';
import { requireModel } from '#src/models/models.ts';
import type { SettingsChange, TranscriptionSettings } from '#src/settings.ts';
import type { Context, RequestContext } from './context.ts';

/** The settings as they hold now. */
export interface CurrentSettings extends TranscriptionSettings {
  readonly id: 'config';
  readonly updatedAt: Date | null;
}

/** Absent = unchanged, null = back to the value of config.json, except `language` (null = detect) and `retentionDays` (null = for ever). */
export type ConfigInput = {
  readonly [K in Exclude<keyof TranscriptionSettings, 'language' | 'paused'>]?:
    | TranscriptionSettings[K]
    | null
    | undefined;
} & {
  readonly language?: string | null | undefined;
};

export function readConfig({ settings }: Pick<Context, 'settings'>): CurrentSettings {
  return { ...settings.current(), id: 'config', updatedAt: settings.updatedAt() };
}

/** Changes settings for jobs to come. Throws InvalidInputError, ModelNotInstalledError; nothing is changed then. */
export async function setConfig(
  input: ConfigInput,
  { settings, config, models, caller }: Pick<RequestContext, 'settings' | 'config' | 'models' | 'caller'>,
): Promise<CurrentSettings> {
  const { maxNumJobs } = config.server;
  if (typeof input.numJobs === 'number' && (input.numJobs < 1 || input.numJobs > maxNumJobs)) {
    throw new InvalidInputError('input.numJobs', `input.numJobs must be from 1 to ${maxNumJobs}.`);
  }
  const { retentionDays } = input;
  if (typeof retentionDays === 'number' && (retentionDays < 1 || retentionDays > maxRetentionDays)) {
    throw new InvalidInputError('input.retentionDays', `input.retentionDays must be from 1 to ${maxRetentionDays}.`);
  }
  if (input.mode) {
    const { model } = config.transcription.modes[input.mode];
    await requireModel(models, model);
  }
  await settings.change(readChange(input), caller);
  return readConfig({ settings });
}

function readChange({ language, retentionDays, ...others }: ConfigInput): SettingsChange {
  const change = Object.fromEntries(
    Object.entries(others).map(([key, value]) => [key, value === null ? 'default' : value]),
  );
  return { ...change, retentionDays, language: readLanguage(language) };
}

function readLanguage(language: string | null | undefined): LanguageCode | null | undefined {
  if (language === null || language === undefined) return language;
  const code = languageCodes.find((each) => each === language);
  if (code === undefined)
    throw new InvalidInputError('input.language', 'input.language is not a code of configOptions.languages.');
  return code;
}

/** A mode with what it stands for. */
export interface ModeInfo extends ModeConfig {
  readonly mode: TranscriptionMode;
  readonly installed: boolean;
}

/** The modes, most accurate first. */
export async function listModes({ config, models }: Pick<Context, 'config' | 'models'>): Promise<readonly ModeInfo[]> {
  const installed = new Set((await models.list()).flatMap((model) => (model.installed ? [model.id] : [])));
  return transcriptionModes.map((mode) => {
    const settings = config.transcription.modes[mode];
    return { mode, ...settings, installed: installed.has(settings.model) };
  });
}
