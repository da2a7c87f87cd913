/** Where models lie on the Hugging Face hub in CTranslate2's format, by faster-whisper's own names for them (faster_whisper/utils.py, 1.2.1). */
const repositories = new Map([
  ['tiny.en', 'Systran/faster-whisper-tiny.en'],
  ['tiny', 'Systran/faster-whisper-tiny'],
  ['base.en', 'Systran/faster-whisper-base.en'],
  ['base', 'Systran/faster-whisper-base'],
  ['small.en', 'Systran/faster-whisper-small.en'],
  ['small', 'Systran/faster-whisper-small'],
  ['medium.en', 'Systran/faster-whisper-medium.en'],
  ['medium', 'Systran/faster-whisper-medium'],
  ['large-v1', 'Systran/faster-whisper-large-v1'],
  ['large-v2', 'Systran/faster-whisper-large-v2'],
  ['large-v3', 'Systran/faster-whisper-large-v3'],
  ['large', 'Systran/faster-whisper-large-v3'],
  ['large-v3-turbo', 'mobiuslabsgmbh/faster-whisper-large-v3-turbo'],
  ['turbo', 'mobiuslabsgmbh/faster-whisper-large-v3-turbo'],
  ['distil-small.en', 'Systran/faster-distil-whisper-small.en'],
  ['distil-medium.en', 'Systran/faster-distil-whisper-medium.en'],
  ['distil-large-v2', 'Systran/faster-distil-whisper-large-v2'],
  ['distil-large-v3', 'Systran/faster-distil-whisper-large-v3'],
  ['distil-large-v3.5', 'distil-whisper/distil-large-v3.5-ct2'],
]);

/** The ids of the models that can be downloaded, small ones first. */
export const downloadableModels: readonly string[] = [...repositories.keys()];

/** The repository of a model, such as Systran/faster-whisper-medium; null where it cannot be downloaded. */
export function repositoryOf(id: string): string | null {
  return repositories.get(id) ?? null;
}
