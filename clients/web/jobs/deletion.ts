import { base, type Connection, successOf } from '../connection.ts';
import { t } from '../messages/messages.ts';
import { DeleteJobDocument } from '../operations.ts';
import { stringifyDocument } from 'urql';
import { openStore } from '../store.ts';
import { act, tell, tellError } from '../toasts.tsx';

/** How long a deletion can be taken back, before the server is told. */
const undoMs = 5000;

/** Jobs that the page does not show any more, and what tells the server at once. */
const waiting = new Map<string, () => void>();

/** Ids of jobs that are deleted as far as the reader is concerned. */
export const deletedJobs = openStore<ReadonlySet<string>>(new Set());

const without = (id: string) => deletedJobs.set((all) => new Set([...all].filter((each) => each !== id)));

/** Deletes a job, of which the server is told after 5 s, in which it can be taken back, or when the page is left. */
export function deleteJob(connection: Connection, { id, name }: { readonly id: string; readonly name: string }): void {
  deletedJobs.set((all) => new Set(all).add(id));
  const send = async () => {
    waiting.delete(id);
    try {
      const { deleteJob: result } = await connection.change(DeleteJobDocument, { id });
      if (result.__typename !== 'JobNotFoundError') successOf(result);
    } catch (error) {
      without(id);
      tellError(error);
    }
  };
  const timer = setTimeout(() => act(send), undoMs);
  waiting.set(id, () => {
    clearTimeout(timer);
    sendAndLeave(connection, id);
  });
  const forget = tell(t.deleted(name), {
    undo: () => {
      clearTimeout(timer);
      waiting.delete(id);
      without(id);
      forget();
      tell(t.restored(name));
    },
  });
}

/** A request that outlives the page. */
function sendAndLeave({ token }: Connection, id: string): void {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const body = JSON.stringify({ query: stringifyDocument(DeleteJobDocument), variables: { id } });
  fetch(`${base}graphql`, { method: 'POST', keepalive: true, headers, body }).catch(() => {}); // Nobody is here to be told.
}

window.addEventListener('pagehide', () => {
  for (const send of waiting.values()) send();
  waiting.clear();
});
