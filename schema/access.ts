import type { ApiKeyInfo } from '#src/auth/api-keys.ts';
import type { Caller } from '#src/config/api-key.ts';
import { ApiKeyNotFoundError, InvalidInputError } from '#src/errors.ts';
import { checkedByResolver } from './bounds.ts';
import { builder } from './builder.ts';
import { RoleType } from './enums.ts';

const Viewer = builder.objectRef<Caller>('Viewer').implement({
  description: 'Who is asking.',
  fields: (t) => ({
    name: t.exposeString('name', {
      nullable: true,
      description: 'Name of the API key; null where none is needed.',
    }),
    role: t.expose('role', { type: RoleType, description: 'What the API key allows; ADMIN where none is needed.' }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    authScopes: { read: true },
    type: Viewer,
    description: 'Who is asking.',
    resolve: (_, __, { caller }) => caller,
  }),
);

const ApiKey = builder.objectRef<ApiKeyInfo>('ApiKey').implement({
  description: 'What lets somebody in. The token itself is with its holder alone.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'key_ and 21 URL-safe characters.' }),
    name: t.exposeString('name', { description: 'Who the caller is; keys of one name are one caller.' }),
    role: t.expose('role', { type: RoleType, description: 'What it allows.' }),
    prefix: t.exposeString('prefix', { description: 'First characters of the token, to know it by.' }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was made; null where it stands in the settings.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null = never.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When somebody last came with it; null = not yet, of one of the settings since the start.',
    }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked.' }),
    configured: t.exposeBoolean('configured', {
      description: 'Stands in config.json or the environment, and can be changed only there.',
    }),
  }),
});

builder.queryField('apiKeys', (t) =>
  t.field({
    authScopes: { administer: true },
    type: [ApiKey],
    description: 'Those of the settings, then all others, the oldest first; also those that have ended.',
    resolve: (_, __, { keys }) => keys.list(),
  }),
);

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'Whom a new key lets in.',
  fields: (t) => ({
    name: t.string({
      extensions: checkedByResolver,
      required: true,
      description: 'Who the caller is: letters, digits, ".", "_" and "-", at most 64 characters.',
    }),
    role: t.field({ type: RoleType, required: true, description: 'What it allows.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it ends by itself; absent = never.' }),
  }),
});

const CreateApiKeySuccess = builder
  .objectRef<{ readonly apiKey: ApiKeyInfo; readonly token: string }>('CreateApiKeySuccess')
  .implement({
    description: 'The key counts from now on.',
    fields: (t) => ({
      apiKey: t.expose('apiKey', { type: ApiKey, description: 'The key.' }),
      token: t.exposeString('token', { description: 'Its token, shown here and never again.' }),
    }),
  });

const RevokeApiKeySuccess = builder.objectRef<{ readonly apiKey: ApiKeyInfo }>('RevokeApiKeySuccess').implement({
  description: 'Nobody gets in with it any more.',
  fields: (t) => ({ apiKey: t.expose('apiKey', { type: ApiKey, description: 'The key.' }) }),
});

builder.mutationFields((t) => ({
  createApiKey: t.field({
    authScopes: { administer: true },
    type: CreateApiKeySuccess,
    description:
      'Makes an API key. The token is shown here and never again. Keys of one name are one caller, so that it can change over from one to the other, and have one role. With the first key, connections without one end.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'Whom it lets in.' }) },
    errors: {
      types: [InvalidInputError],
      union: { name: 'CreateApiKeyResult', description: 'The key with its token, or why there is none.' },
    },
    resolve: (_, { input }, { keys }) => keys.create({ ...input, expiresAt: input.expiresAt ?? null }),
  }),
  revokeApiKey: t.field({
    authScopes: { administer: true },
    type: RevokeApiKeySuccess,
    description:
      'Ends an API key: from the answer on nobody gets in with it, and its open connections end (4401). Not the last of an ADMIN, and not one of the settings. Idempotent.',
    args: { id: t.arg.id({ required: true, description: 'The key.' }) },
    errors: {
      types: [ApiKeyNotFoundError, InvalidInputError],
      union: { name: 'RevokeApiKeyResult', description: 'The key, or why it goes on.' },
    },
    resolve: async (_, { id }, { keys }) => ({ apiKey: await keys.revoke(id) }),
  }),
}));
