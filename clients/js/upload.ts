/// <reference lib="dom" />

/** How much of a request has been sent. */
export interface UploadProgress {
  readonly sentBytes: number;
  readonly totalBytes: number;
}

/** A form to send, and who wants to know how far it is. */
export interface Upload {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly form: FormData;
  /** Of the recording in it. */
  readonly bytes: number;
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends a form and gives the answer's text. In a browser by XMLHttpRequest, since fetch does not tell there how much it has sent. */
export function send(upload: Upload): Promise<string> {
  return typeof XMLHttpRequest === 'undefined' ? sendByFetch(upload) : sendByXhr(upload);
}

async function sendByFetch({ url, headers, form, bytes, onProgress, signal }: Upload): Promise<string> {
  const { headers: ofForm, body } = new Response(form);
  let sentBytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sentBytes = Math.min(bytes, sentBytes + chunk.byteLength);
      onProgress?.({ sentBytes, totalBytes: bytes });
      controller.enqueue(chunk);
    },
  });
  const request: RequestInit & { readonly duplex: 'half' } = {
    method: 'POST',
    headers: { ...headers, 'content-type': ofForm.get('content-type') ?? '' },
    body: body?.pipeThrough(counter) ?? null,
    duplex: 'half',
    signal: signal ?? null,
  };
  return (await fetch(url, request)).text();
}

function sendByXhr({ url, headers, form, bytes, onProgress, signal }: Upload): Promise<string> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open('POST', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', ({ loaded }) =>
      onProgress?.({ sentBytes: Math.min(bytes, loaded), totalBytes: bytes }),
    );
    const stop = () => request.abort();
    signal?.addEventListener('abort', stop);
    request.addEventListener('load', () => resolve(request.responseText));
    request.addEventListener('error', () => reject(new TypeError('The connection was lost.')));
    request.addEventListener('abort', () => reject(signal?.reason));
    request.addEventListener('loadend', () => signal?.removeEventListener('abort', stop));
    request.send(form);
  });
}
