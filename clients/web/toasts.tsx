import { PhonographError } from '../js/client.ts';
import { t } from './messages/messages.ts';
import { openStore, useStore } from './store.ts';

/** Something that is told for a while, and can perhaps be taken back. */
interface Toast {
  readonly id: number;
  readonly text: string;
  readonly hint?: string | undefined;
  readonly isError: boolean;
  readonly undo?: (() => void) | undefined;
}

const toasts = openStore<readonly Toast[]>([]);
let last = 0;

const [shownMs, errorShownMs] = [5000, 12_000];

/** Tells something, for 5 s; what went wrong, for 12 s. */
export function tell(text: string, more: Partial<Omit<Toast, 'id' | 'text'>> = {}): () => void {
  const toast: Toast = { id: (last += 1), text, isError: false, ...more };
  const remove = () => toasts.set((all) => all.filter(({ id }) => id !== toast.id));
  toasts.set((all) => [...all.slice(-2), toast]);
  setTimeout(remove, toast.isError ? errorShownMs : shownMs);
  return remove;
}

/** Tells what went wrong, with what can be done about it. */
export function tellError(error: unknown): void {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  if (error instanceof PhonographError) tell(error.message, { hint: error.hint ?? undefined, isError: true });
  else tell(t.connectionLost, { isError: true });
}

/** For event handlers: what goes wrong is told. */
export function act(action: () => Promise<unknown>): void {
  action().catch(tellError);
}

export function Toasts() {
  return (
    <div className="toasts" role="status" aria-live="polite">
      {useStore(toasts).map(({ id, text, hint, isError, undo }) => (
        <div key={id} className={isError ? 'toast toast-error' : 'toast'}>
          <div>
            {text}
            {hint !== undefined && <div className="toast-hint">{hint}</div>}
          </div>
          {undo && (
            <button type="button" className="quiet" onClick={undo}>
              {t.undo}
            </button>
          )}
          <button
            type="button"
            className="icon"
            aria-label={t.close}
            onClick={() => toasts.set((all) => all.filter((each) => each.id !== id))}
          >
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
