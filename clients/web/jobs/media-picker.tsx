import { useState } from 'react';
import { useQuery } from 'urql';
import { size } from '../format.ts';
import { t } from '../messages/messages.ts';
import { MediaFilesDocument, MediaRootsDocument } from '../operations.ts';
import { Dialog } from '../parts/dialog.tsx';
import { addDrafts } from './drafts.ts';

/** Recordings that lie on the server already, in its media roots. */
export function MediaPicker({ onClose }: { readonly onClose: () => void }) {
  const [{ data }] = useQuery({ query: MediaRootsDocument });
  const roots = data?.configOptions.mediaRoots ?? [];
  const [root, setRoot] = useState(0);
  /** Those that were opened, the last one inside all others. */
  const [folders, setFolders] = useState<readonly string[]>([]);
  const path = folders.at(-1) ?? '';
  const [chosen, setChosen] = useState<ReadonlyMap<string, string>>(new Map());
  const toggle = (file: { readonly path: string; readonly name: string }) =>
    setChosen((all) => {
      const next = new Map(all);
      if (!next.delete(file.path)) next.set(file.path, file.name);
      return next;
    });
  const add = () => {
    onClose();
    addDrafts([...chosen].map(([each, name]) => ({ kind: 'PATH', path: each, name })));
  };
  return (
    <Dialog title={t.serverFiles} onClose={onClose}>
      {roots.length > 1 && (
        <label className="stack">
          {t.mediaRoot}
          <select
            value={root}
            onChange={({ target }) => {
              setRoot(Number(target.value));
              setFolders([]);
            }}
          >
            {roots.map((name, number) => (
              <option key={name} value={number}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {folders.length > 0 && (
        <div className="folder-path">
          <button type="button" onClick={() => setFolders(folders.slice(0, -1))}>
            ↑ {t.upFolder}
          </button>
          <span>{path}</span>
        </div>
      )}
      <ul className="plain files">
        <Files
          key={`${root} ${path}`}
          root={root}
          path={path}
          after={null}
          onOpen={(folder) => setFolders([...folders, folder])}
          chosen={chosen}
          onToggle={toggle}
        />
      </ul>
      <div className="buttons">
        <button type="button" className="main" disabled={chosen.size === 0} onClick={add}>
          {t.add}
        </button>
        <span role="status">{chosen.size > 0 && t.chosen(chosen.size)}</span>
      </div>
    </Dialog>
  );
}

interface FilesProps {
  readonly root: number;
  readonly path: string;
  readonly after: string | null;
  readonly chosen: ReadonlyMap<string, string>;
  readonly onOpen: (path: string) => void;
  readonly onToggle: (file: { readonly path: string; readonly name: string }) => void;
}

/** A page of a folder, and what comes after it. */
function Files({ root, path, after, ...on }: FilesProps) {
  const [isMore, setMore] = useState(false);
  const [{ data, error }] = useQuery({
    query: MediaFilesDocument,
    variables: { root, path, after },
    requestPolicy: 'network-only',
  });
  if (error) return <li className="problem">{error.graphQLErrors[0]?.message ?? t.connectionLost}</li>;
  if (data === undefined) return <li className="waiting">{t.loading}</li>;
  const { edges, pageInfo } = data.mediaFiles;
  if (edges.length === 0 && after === null) return <li className="waiting">{t.emptyFolder}</li>;
  return (
    <>
      {edges.map(({ node }) => (
        <li key={node.path}>
          {node.directory ? (
            <button type="button" className="file" onClick={() => on.onOpen(node.path)}>
              <span>▸ {node.name}</span>
            </button>
          ) : (
            <label className="file">
              <input type="checkbox" checked={on.chosen.has(node.path)} onChange={() => on.onToggle(node)} />
              <span>{node.name}</span>
              <small>{node.bytes !== null && size(node.bytes)}</small>
            </label>
          )}
        </li>
      ))}
      {pageInfo.hasNextPage && !isMore && (
        <li>
          <button type="button" onClick={() => setMore(true)}>
            {t.moreFiles}
          </button>
        </li>
      )}
      {isMore && <Files root={root} path={path} after={pageInfo.endCursor} {...on} />}
    </>
  );
}
