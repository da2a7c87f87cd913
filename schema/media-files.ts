import { listMediaFiles } from '#resolvers/media-files.ts';
import type { MediaFile as MediaFileShape } from '#src/media/folders.ts';
import { builder, explicitArguments } from './builder.ts';

const MediaFile = builder.objectRef<MediaFileShape>('MediaFile').implement({
  description: 'A file or a folder under a media root.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name in its folder.' }),
    path: t.exposeString('path', {
      description:
        'As `media.path` of transcribe and `path` of mediaFiles take it: relative to the first media root, of others absolute.',
    }),
    directory: t.exposeBoolean('directory', { description: 'Whether it is a folder.' }),
    bytes: t.expose('bytes', { type: 'SafeInt', nullable: true, description: 'Size of a file; null for a folder.' }),
    modifiedAt: t.expose('modifiedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last written to; null where that cannot be told.',
    }),
  }),
});

const MediaFileConnection = builder.connectionObject(
  { type: MediaFile, name: 'MediaFileConnection', description: 'A page of a folder.' },
  { name: 'MediaFileEdge', description: 'A file or a folder with its place in the list.' },
);

builder.queryField('mediaFiles', (t) =>
  t.field({
    authScopes: { write: true },
    type: MediaFileConnection,
    description:
      'Files and folders in a folder of a media root, folders first, each by name as people count (2 before 10). Left out are hidden ones, links that lead out of the media roots, and what is neither file nor folder. The folder is read for each page: what comes or goes meanwhile may be missed, and nothing is told twice. NOT_FOUND where it is not there. ADMIN; USER where usersMayReadMediaRoots is set.',
    // A folder is read from end to end for each page.
    extensions: { cost: 5000 },
    args: {
      root: t.arg.int({ defaultValue: 0, description: 'Which media root: its number in config.json, from 0.' }),
      path: t.arg.string({ defaultValue: '', description: 'The folder: its path in the media root.' }),
      first: t.arg.int({ defaultValue: 100, description: 'How many, 1 to 1,000.' }),
      after: t.arg.string({ description: 'Cursor: only what comes after it.' }),
    },
    resolve: (_, { root, path, ...page }, context, info) =>
      listMediaFiles({ ...page, root: root ?? 0, path: path ?? '', given: explicitArguments(info) }, context),
  }),
);
