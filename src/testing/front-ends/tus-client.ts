/** Sends a file by tus-js-client, or goes on with what it, killed, has sent of it before: tus-client.ts FILE ENDPOINT STORAGE. Prints how much has been taken, and in the end the address of the upload. */
import { createReadStream } from 'node:fs';
// @ts-expect-error -- its types know of its build for pages alone
import { FileUrlStorage, Upload } from 'tus-js-client';

const [file = '', endpoint = '', storage = ''] = process.argv.slice(2);
const upload = new Upload(createReadStream(file), {
  endpoint,
  urlStorage: new FileUrlStorage(storage),
  chunkSize: 100_000,
  metadata: { filename: 'speech.wav' },
  onChunkComplete: (_, accepted) => process.stdout.write(`${accepted}\n`),
  onError(error) {
    throw error;
  },
  onSuccess: () => process.stdout.write(`${upload.url}\n`),
});
const [previous] = await upload.findPreviousUploads();
if (previous !== undefined) upload.resumeFromPreviousUpload(previous);
upload.start();
