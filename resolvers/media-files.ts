import type { Caller } from '#src/config/api-key.ts';
import type { Config } from '#src/config/config.ts';
import { MediaNotFoundError, MediaRejectedError, RequestError } from '#src/errors.ts';
import type { Folder, MediaFile } from '#src/media/folders.ts';
import type { FolderPlace } from '#src/media/list-folder.ts';
import type { Key } from '#src/store/page.ts';
import { type Connection, loadPage, type PageArguments } from './connection.ts';
import type { RequestContext } from './context.ts';
import { requireMediaRoots } from './input.ts';

/** The media roots, as the settings name them; null for who may not look into them. */
export function namesOfMediaRoots(
  { mediaRoots, usersMayReadMediaRoots }: Config['server'],
  { role }: Caller,
): readonly string[] | null {
  const mayRead = role === 'ADMIN' || (role === 'USER' && usersMayReadMediaRoots);
  return mayRead ? mediaRoots.map(({ configured }) => configured) : null;
}

/** One page of a folder under a media root. Throws FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, SERVICE_UNAVAILABLE. */
export async function listMediaFiles(
  { root, path, ...page }: PageArguments & Folder,
  { config, caller, folders, signal }: Pick<RequestContext, 'config' | 'caller' | 'folders' | 'signal'>,
): Promise<Connection<MediaFile>> {
  requireMediaRoots(config.server, caller);
  async function load({ limit, after }: { readonly limit: number; readonly after?: Key }) {
    const files = await folders.list(
      { root, path },
      { limit, after: after === undefined ? null : placeOf(after) },
      signal,
    );
    return files.map((item) => ({ key: keyOf(item), item }));
  }
  try {
    return await loadPage({ name: 'mediaFiles', max: 1000, isForwardOnly: true, load }, page);
  } catch (error) {
    if (error instanceof MediaNotFoundError) throw new RequestError('NOT_FOUND', error.message);
    if (error instanceof MediaRejectedError) throw new RequestError('BAD_USER_INPUT', error.message);
    throw error;
  }
}

/** A key is one line. A name may hold a line break, but no "/", which stands for it. */
function keyOf({ directory, name }: FolderPlace): Key {
  return `${directory ? 'd' : 'f'}${name.replaceAll('\n', '/')}`;
}

function placeOf(key: Key): FolderPlace {
  return { directory: key.startsWith('d'), name: key.slice(1).replaceAll('/', '\n') };
}
