import { createContext, type ReactNode, use, useEffect, useMemo, useState, type SyntheticEvent } from 'react';
import { type Connection, openConnection } from './connection.ts';
import { t } from './messages/messages.ts';
import { type Role, ViewerDocument } from './operations.ts';
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
function forgetKey(): void {
  sessionStorage.removeItem(keptAs);
  localStorage.removeItem(keptAs);
}

type State =
  | { readonly kind: 'ASKING' }
  | { readonly kind: 'REFUSED'; readonly wrong: boolean }
  | { readonly kind: 'IN'; readonly session: Session };

/** Shows its children to whom the server lets in; asks others for an API key. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [key, setKey] = useState(keptKey);
  const [state, setState] = useState<State>({ kind: 'ASKING' });
  useEffect(() => {
    const refuse = () => {
      forgetKey();
      setState({ kind: 'REFUSED', wrong: key !== undefined });
    };
    const connection = openConnection(key, refuse);
    const stop = new AbortController();
    const signOut = () => {
      forgetKey();
      setState({ kind: 'ASKING' });
      setKey(undefined);
    };
    connection.ask(ViewerDocument, {}, stop.signal).then(
      ({ viewer }) =>
        setState({ kind: 'IN', session: { connection, ...viewer, signOut: key === undefined ? null : signOut } }),
      // A key that is refused closes the socket, which is told by itself; anything else is told here.
      (error: unknown) => stop.signal.aborted || error instanceof CloseEvent || tellError(error),
    );
    return () => {
      stop.abort();
      connection.dispose();
    };
  }, [key]);
  const signIn = (token: string, stay: boolean) => {
    (stay ? localStorage : sessionStorage).setItem(keptAs, token);
    setState({ kind: 'ASKING' });
    setKey(token);
  };
  const context = useMemo(() => (state.kind === 'IN' ? state.session : null), [state]);
  if (state.kind === 'REFUSED') return <SignIn wrong={state.wrong} onSignIn={signIn} />;
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

function SignIn({
  wrong,
  onSignIn,
}: {
  readonly wrong: boolean;
  readonly onSignIn: (key: string, stay: boolean) => void;
}) {
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const key = form.get('key');
    if (typeof key === 'string' && key.trim() !== '') onSignIn(key.trim(), form.has('stay'));
  };
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
