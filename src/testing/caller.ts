import { type ApiKey, apiKeySchema, newToken, type Role, settingOf } from '#src/config/api-key.ts';

/** Somebody with an API key. */
export interface Caller {
  /** For `apiKeys` of a server. */
  readonly key: ApiKey;
  readonly token: string;
  /** What is sent to be let in: as headers of a request, or as connectionParams of a WebSocket. */
  readonly headers: { readonly authorization: string };
}

export function newCaller(name: string, role: Role = 'ADMIN'): Caller {
  const token = newToken();
  return {
    key: apiKeySchema.parse(settingOf(name, role, token)),
    token,
    headers: { authorization: `Bearer ${token}` },
  };
}
