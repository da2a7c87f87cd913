import { useState } from 'react';
import { useQuery } from 'urql';
import { size } from '../format.ts';
import { t } from '../messages/messages.ts';
import { MediaFilesDocument } from '../operations.ts';
import { Dialog } from '../parts/dialog.tsx';
import { addDrafts } from './drafts.ts';

/** Recordings that lie on the server already, in its first media root. */
export function MediaPicker({ onClose }: { readonly onClose: () => void }) {
  const [path, setPath] = useState('');
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
      <div className="folder-path">
        {path !== '' && (
          <button type="button" onClick={() => setPath(path.replace(/(?:^|\/)[^/]*$/u, ''))}>
            ↑ {t.upFolder}
          </button>
        )}
        <span>{path}</span>
      </div>
      <ul className="plain files">
        <Files key={path} path={path} after={null} onOpen={setPath} chosen={chosen} onToggle={toggle} />
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
  readonly path: string;
  readonly after: string | null;
  readonly chosen: ReadonlyMap<string, string>;
  readonly onOpen: (path: string) => void;
  readonly onToggle: (file: { readonly path: string; readonly name: string }) => void;
}

/** A page of a folder, and what comes after it. */
function Files({ path, after, ...on }: FilesProps) {
  const [isMore, setMore] = useState(false);
  const [{ data, error }] = useQuery({
    query: MediaFilesDocument,
    variables: { root: 0, path, after },
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
      {isMore && <Files path={path} after={pageInfo.endCursor} {...on} />}
    </>
  );
}
