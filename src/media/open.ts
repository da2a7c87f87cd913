import { type Config, s3Place } from '../config/config.ts';
import type { DiskSpace } from './disk.ts';
import { openLocalMediaStore } from './local.ts';
import { openResumableUploads, type ResumableUploads } from './resumable-uploads.ts';
import { openLocalSamples } from './samples/local.ts';
import type { SampleStore } from './samples/samples.ts';
import type { Trouble } from './s3/objects.ts';
import type { MediaStore } from './store.ts';
import { openUploadFiles } from './upload-files.ts';

/** Where recordings are, those of jobs and those that are on their way. */
interface OpenMedia extends AsyncDisposable {
  readonly media: MediaStore;
  readonly uploads: ResumableUploads;
  readonly samples: SampleStore;
}

/** Opens the media store that the settings name; `onTrouble` hears of one that is away. */
export async function openMedia(
  settings: Config['server'],
  space: DiskSpace,
  onTrouble: (trouble: Trouble) => void,
): Promise<OpenMedia> {
  await using stack = new AsyncDisposableStack();
  if (settings.mediaStore === null || !s3Place.test(settings.mediaStore)) {
    const media = await openLocalMediaStore(settings, space);
    const uploads = stack.use(openResumableUploads(await openUploadFiles(settings, space)));
    return { media, uploads, samples: await openLocalSamples(settings, space), ...closing(stack) };
  }
  // Whoever has no S3 does not load its client.
  const { openBucket } = await import('./s3/objects.ts');
  const { openS3MediaStore } = await import('./s3/media-store.ts');
  const { openS3Samples } = await import('./s3/samples.ts');
  const { UploadObjects } = await import('./s3/upload-objects.ts');
  const bucket = stack.use(openBucket(settings, onTrouble));
  const media = await openS3MediaStore(settings, { bucket, space });
  const uploads = stack.use(openResumableUploads(new UploadObjects(bucket, settings)));
  const samples = await openS3Samples(settings, { bucket, space });
  return { media, uploads, samples, ...closing(stack) };
}

function closing(stack: AsyncDisposableStack): AsyncDisposable {
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
