const prefix = 'PHONOGRAPH_';

/** Variables with this prefix that are no setting: where more of them stand, and what the command line asks a server with. */
const others = new Set(['PHONOGRAPH_CONFIG', 'PHONOGRAPH_URL', 'PHONOGRAPH_API_KEY']);

/** Variables by which every client of the Hugging Face hub knows two of the settings, with how huggingface_hub reads them. Empty means unset. */
const hubVariables = new Map<string, { readonly key: string; readonly read: (text: string) => unknown }>([
  ['HF_ENDPOINT', { key: 'hubEndpoint', read: (text) => text }],
  ['HF_HUB_OFFLINE', { key: 'hubOffline', read: (text) => /^(?:1|on|yes|true)$/iu.test(text) }],
]);

/**
 * Lays HF_ENDPOINT and HF_HUB_OFFLINE over the settings of config.json, and PHONOGRAPH_<UPPER_SNAKE> variables over both.
 *
 * A variable names a key of `server` or `transcription` (PHONOGRAPH_LISTEN_PORT, PHONOGRAPH_NUM_JOBS) and is read by the type that
 * the key has there: numbers and booleans as JSON, lists split at ":" (the engine's command at spaces), an empty text as null where the key is null.
 * A variable that names no key is a problem, since a typo would else be silent. `variables`: which key came from which.
 */
export function readEnvironment(
  file: unknown,
  environment: NodeJS.ProcessEnv,
): { readonly values: unknown; readonly problems: string[]; readonly variables: ReadonlyMap<string, string> } {
  const values = structuredClone(file);
  const problems: string[] = [];
  const variables = new Map<string, string>();
  const places = settingKeys(values);
  for (const [name, { key, read }] of hubVariables) {
    const [text, place] = [environment[name], places.get(prefix + upperSnake(key))];
    if (text === undefined || text === '' || place === undefined) continue;
    place.group[key] = read(text);
    variables.set(`${place.name}.${key}`, name);
  }
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(prefix) || others.has(name) || text === undefined) continue;
    const place = places.get(name);
    if (place === undefined) {
      problems.push(`${name}: no setting has this name`);
      continue;
    }
    place.group[place.key] = parse(text, place.key, place.group[place.key]);
    variables.set(`${place.name}.${place.key}`, name);
  }
  return { values, problems, variables };
}

interface SettingKey {
  readonly name: string;
  readonly group: Record<string, unknown>;
  readonly key: string;
}

function settingKeys(values: unknown): ReadonlyMap<string, SettingKey> {
  const places = new Map<string, SettingKey>();
  for (const name of ['server', 'transcription']) {
    const group = isRecord(values) ? values[name] : undefined;
    if (!isRecord(group)) continue;
    for (const key of Object.keys(group)) {
      if (!isRecord(group[key])) places.set(prefix + upperSnake(key), { name, group, key });
    }
  }
  return places;
}

function parse(text: string, key: string, current: unknown): unknown {
  if (Array.isArray(current)) return text === '' ? [] : text.split(key === 'engineCommand' ? ' ' : separator(key));
  if (current === null) return text === '' ? null : numberOr(text);
  if (typeof current === 'number') return numberOr(text);
  if (typeof current === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

/** Origins, keys, addresses and networks hold colons themselves. */
function separator(key: string): string {
  return ['allowedOrigins', 'apiKeys', 'servedModes', 'trustedProxies', 'urlAllowedCidrs'].includes(key) ? ',' : ':';
}

function numberOr(text: string): number | string {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function upperSnake(key: string): string {
  return key.replaceAll(/[A-Z]/gu, (letter) => `_${letter}`).toUpperCase();
}

/** Whether a value of a settings file is an object with keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
