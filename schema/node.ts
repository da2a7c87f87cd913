import { readNode } from '#resolvers/node.ts';
import { builder } from './builder.ts';

export const Node = builder.interfaceRef<{ readonly id: string }>('Node').implement({
  description: 'Something that can be looked up again by its id.',
  resolveType: ({ id }) => (id === 'config' ? 'Config' : id === 'server' ? 'Server' : 'Job'),
  fields: (t) => ({ id: t.exposeID('id', { description: 'The same for as long as it exists, on every server.' }) }),
});

builder.queryField('node', (t) =>
  t.field({
    authScopes: { read: true },
    type: Node,
    nullable: true,
    description: 'A job, config or server by its id, or null when there is none or the caller may not see it.',
    args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_, { id }, context) => readNode(id, context),
  }),
);
