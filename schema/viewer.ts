import type { Caller } from '#src/config/api-key.ts';
import { builder } from './builder.ts';
import { RoleType } from './enums.ts';

const Viewer = builder.objectRef<Caller>('Viewer').implement({
  description: 'Who is asking.',
  fields: (t) => ({
    name: t.exposeString('name', {
      nullable: true,
      description: 'Name of the API key; null where none is needed.',
    }),
    role: t.field({
      type: RoleType,
      description: 'What the API key allows; ADMIN where none is needed.',
      resolve: ({ role }) => roles[role],
    }),
  }),
});

const roles = { admin: 'ADMIN' } as const;

builder.queryField('viewer', (t) =>
  t.field({ type: Viewer, description: 'Who is asking.', resolve: (_, __, { caller }) => caller }),
);
