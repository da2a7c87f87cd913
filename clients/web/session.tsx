import { createContext, type ReactNode, use, useEffect, useMemo, useState, type SyntheticEvent } from 'react';
import { type Connection, openConnection } from './connection.ts';
import { t } from './messages/messages.ts';
import { type Role, ViewerDocument } from './operations.ts';
import { openStore, useStore } from './store.ts';
import { tellError, Toasts } from './toasts.tsx';

/** Who uses the page, and what it asks the server by. */
export interface Session {
  readonly connection: Connection;
  readonly name: string | null;
  readonly role: Role;
  /** Null where no key was shown. */
  readonly signOut: (() => void) | null;
}

const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === null) throw new Error('outside of a session');
  return session;
}

/** Whether the caller may change something. */
export function useMayWrite(): boolean {
  return useSession().role !== 'READER';
}

/** Where the API key is kept: as long as the tab is open, or until one signs out. Never in an address. */
const keptAs = 'phonograph.key';
const keptKey = () => sessionStorage.getItem(keptAs) ?? localStorage.getItem(keptAs) ?? undefined;

/** The API key that is shown to the server; undefined where none is. */
const key = openStore(keptKey());

/** Goes on with an API key. */
export function signIn(token: string, { stay }: { readonly stay: boolean }): void {
  (stay ? localStorage : sessionStorage).setItem(keptAs, token);
  key.set(() => token);
}

function forgetKey(): void {
  sessionStorage.removeItem(keptAs);
  localStorage.removeItem(keptAs);
}

function signOut(): void {
  forgetKey();
  key.set(() => undefined);
}

type State =
  | { readonly kind: 'ASKING' }
  | { readonly kind: 'REFUSED'; readonly wrong: boolean }
  | { readonly kind: 'IN'; readonly session: Session };

/** Shows its children to whom the server lets in; asks others for an API key. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const token = useStore(key);
  const [state, setState] = useState<State>({ kind: 'ASKING' });
  useEffect(() => {
    setState({ kind: 'ASKING' });
    const stop = new AbortController();
    const refuse = () => {
      if (stop.signal.aborted) return;
      forgetKey();
      setState({ kind: 'REFUSED', wrong: token !== undefined });
    };
    const connection = openConnection(token, refuse);
    connection.ask(ViewerDocument, {}, stop.signal).then(
      ({ viewer }) =>
        setState({ kind: 'IN', session: { connection, ...viewer, signOut: token === undefined ? null : signOut } }),
      // A key that is refused closes the socket, which is told by itself; anything else is told here.
      (error: unknown) => stop.signal.aborted || error instanceof CloseEvent || tellError(error),
    );
    return () => {
      stop.abort();
      connection.dispose();
    };
  }, [token]);
  const context = useMemo(() => (state.kind === 'IN' ? state.session : null), [state]);
  if (state.kind === 'REFUSED') return <SignIn wrong={state.wrong} />;
  if (context === null) {
    return (
      <>
        <p className="waiting">{t.loading}</p>
        <Toasts />
      </>
    );
  }
  return <SessionContext value={context}>{children}</SessionContext>;
}

function submit(event: SyntheticEvent<HTMLFormElement>): void {
  event.preventDefault();
  const form = new FormData(event.currentTarget);
  const given = form.get('key');
  if (typeof given === 'string' && given.trim() !== '') signIn(given.trim(), { stay: form.has('stay') });
}

function SignIn({ wrong }: { readonly wrong: boolean }) {
  return (
    <main className="sign-in">
      <img src="web/icon.svg" alt="" width="56" height="56" />
      <h1>Phonograph</h1>
      <p>{t.signInWhy}</p>
      <form onSubmit={submit}>
        <label>
          {t.signInKey}
          <input name="key" type="password" autoComplete="current-password" required aria-invalid={wrong} />
        </label>
        {wrong && (
          <p className="problem" role="alert">
            {t.signInWrong}
          </p>
        )}
        <label className="check">
          <input name="stay" type="checkbox" />
          <span>
            {t.signInStay}
            <small>{t.signInStayTold}</small>
          </span>
        </label>
        <button type="submit" className="main">
          {t.signIn}
        </button>
      </form>
    </main>
  );
}
