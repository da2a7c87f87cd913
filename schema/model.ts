import {
  cancelDownload,
  downloadModel,
  listModels,
  type ModelInfo,
  removeModel,
  watchModels,
} from '#resolvers/models.ts';
import { InvalidInputError, ModelInUseError, StorageFullError } from '#src/errors.ts';
import { downloadableModels } from '#src/models/hub/revision.ts';
import { builder } from './builder.ts';

const Model = builder.objectRef<ModelInfo>('Model').implement({
  description: 'A Whisper model in CTranslate2 format.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Its name, and that of its folder in the model directory.' }),
    installed: t.exposeBoolean('installed', { description: 'Whether all its files are there.' }),
    bytes: t.expose('bytes', {
      type: 'SafeInt',
      nullable: true,
      description:
        'Size on disk; of a model that is not installed what the hub would send, or null while the hub has not been asked.',
    }),
    languages: t.exposeString('languages', { description: 'multilingual or English.' }),
    downloading: t.exposeFloat('downloading', {
      nullable: true,
      description: '0 to 1 while it is being downloaded, else null.',
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description:
        'Why the last download failed (until the server is restarted), or why the folder that is there holds no whole model; else null.',
    }),
  }),
});

builder.queryField('models', (t) =>
  t.field({
    authScopes: { read: true },
    type: [Model],
    description:
      'The models of the modes, then what else is installed, then what else is being downloaded or could not be.',
    resolve: (_, __, context) => listModels(context),
  }),
);

const DownloadModelSuccess = builder.objectRef<{ readonly model: ModelInfo }>('DownloadModelSuccess').implement({
  description: 'The model: installed, on its way, or with a problem where the hub does not give it.',
  fields: (t) => ({ model: t.expose('model', { type: Model, description: 'The model as it is now.' }) }),
});

/** Of two mutations, so that neither field can bring it. */
const DownloadModelResult = builder.errorUnion('DownloadModelResult', {
  description: 'The model, or why it is not downloaded.',
  types: [DownloadModelSuccess, InvalidInputError, StorageFullError],
  resolveType: () => 'DownloadModelSuccess',
});

const RemoveModelSuccess = builder.objectRef<{ readonly model: ModelInfo }>('RemoveModelSuccess').implement({
  description: 'The model is not installed.',
  fields: (t) => ({ model: t.expose('model', { type: Model, description: 'The model as it is now.' }) }),
});

builder.mutationFields((t) => ({
  downloadModel: t.field({
    authScopes: { administer: true },
    type: DownloadModelResult,
    description: `Downloads a model from the Hugging Face hub and installs it, so that jobs can use it at once: ${downloadableModels.join(', ')}. Answered when the hub has told the size and the disk has room for it, or when there is a problem; follow it with modelChanged. Goes on with what an interrupted download has left. Idempotent.`,
    args: { id: t.arg.id({ required: true, description: 'The model, such as medium.' }) },
    resolve: async (_, { id }, context) => ({ model: await downloadModel(id, context) }),
  }),
  cancelDownload: t.field({
    authScopes: { administer: true },
    type: DownloadModelResult,
    description:
      'Ends the download of a model and removes what has come of it. Idempotent; a model that is installed stays.',
    args: { id: t.arg.id({ required: true, description: 'The model.' }) },
    resolve: async (_, { id }, context) => ({ model: await cancelDownload(id, context) }),
  }),
  removeModel: t.field({
    authScopes: { administer: true },
    type: RemoveModelSuccess,
    description:
      'Removes a model, and what has come of its download. Refused while jobs that wait or run need it, and while it is the model of the mode in config. Idempotent.',
    args: { id: t.arg.id({ required: true, description: 'The model.' }) },
    errors: {
      types: [InvalidInputError, ModelInUseError],
      union: { name: 'RemoveModelResult', description: 'The model, or why it stays.' },
    },
    resolve: async (_, { id }, context) => ({ model: await removeModel(id, context) }),
  }),
}));

builder.subscriptionField('modelChanged', (t) =>
  t.field({
    authScopes: { read: true },
    type: Model,
    description:
      'A model whenever it is downloaded, installed, removed or in trouble: coalesced to at most 4/s per model, the last change never dropped. No item for the present state: query models once the subscription stands.',
    args: { id: t.arg.id({ description: 'Only this model; absent = all.' }) },
    subscribe: (_, args, context) => watchModels(args, context),
    resolve: (model) => model,
  }),
);
