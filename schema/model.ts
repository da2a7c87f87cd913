import { listModels, type Model as ModelShape } from '#src/models.ts';
import { builder } from './builder.ts';

const Model = builder.objectRef<ModelShape>('Model').implement({
  description: 'A Whisper model in CTranslate2 format.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its name, and that of its folder in the model directory.' }),
    installed: t.exposeBoolean('installed', { description: 'Whether all its files are there.' }),
    bytes: t.expose('bytes', {
      type: 'SafeInt',
      nullable: true,
      description: 'Size on disk; null when it is not installed.',
    }),
    languages: t.exposeString('languages', { description: 'multilingual or English.' }),
  }),
});

builder.queryField('models', (t) =>
  t.field({
    type: [Model],
    description: 'The models of the modes, then what else is installed.',
    resolve: (_, __, { config }) => listModels(config),
  }),
);
