import { mediaUrl } from '#resolvers/media.ts';
import type { Job, Media as MediaShape } from '#src/jobs/job.ts';
import { builder } from './builder.ts';

export const Media = builder.objectRef<MediaShape & { readonly job: Job }>('Media').implement({
  description: 'The recording of a job. What only its content can show is null until the engine has looked.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'File name, without a path.' }),
    bytes: t.expose('bytes', { type: 'SafeInt', nullable: true, description: 'Size when the job was accepted.' }),
    durationSeconds: t.exposeFloat('durationSeconds', {
      nullable: true,
      description: 'Length: what the container says, and what was really decoded once the end is reached.',
    }),
    sha256: t.exposeString('sha256', {
      nullable: true,
      description: 'SHA-256 of the bytes in hexadecimal; null where the server did not receive them itself.',
    }),
    container: t.exposeString('container', { nullable: true, description: 'Container format, such as mp3, wav, asf.' }),
    codec: t.exposeString('codec', { nullable: true, description: 'Audio codec, such as flac, wmav2.' }),
    sampleRate: t.exposeInt('sampleRate', { nullable: true, description: 'Samples per second and channel.' }),
    channels: t.exposeInt('channels', { nullable: true, description: 'Number of audio channels.' }),
    warnings: t.exposeStringList('warnings', {
      description: 'Such as a recording that ends before its declared length.',
    }),
    url: t.string({
      nullable: true,
      description:
        "Where the server plays the recording from, with range requests: a path relative to the server's address, such as /jobs/job_.../media. Null where the server does not keep it any more, or where the file under a media root is gone or has another size.",
      resolve: ({ job }, _, context) => mediaUrl(job, context),
    }),
  }),
});
