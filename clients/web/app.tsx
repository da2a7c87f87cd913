import { type SyntheticEvent, useEffect, useState } from 'react';
import { Provider } from 'urql';
import { DropArea } from './jobs/drop-area.tsx';
import { JobsPage } from './jobs/jobs-page.tsx';
import { SearchPage } from './jobs/search-page.tsx';
import { t } from './messages/messages.ts';
import { go, links, route } from './route.ts';
import { ServerPage } from './server/server-page.tsx';
import { useMayWrite, useSession } from './session.tsx';
import { useStore } from './store.ts';
import { Toasts } from './toasts.tsx';
import { JobPage } from './transcript/job-page.tsx';

/** The frame of every page: where one can go, and whether the server is there. */
export function App() {
  const { connection, role, name, signOut } = useSession();
  const now = useStore(route);
  const mayWrite = useMayWrite();
  return (
    <Provider value={connection.client}>
      <a className="skip" href="#content" onClick={skip}>
        {t.skipToContent}
      </a>
      <header className="top">
        <a className="brand" href={links.list}>
          <img src="web/icon.svg" alt="" width="30" height="30" />
          <span>Phonograph</span>
        </a>
        <SearchBox key={now.kind === 'SEARCH' ? now.query : ''} query={now.kind === 'SEARCH' ? now.query : ''} />
        <nav>
          <a href={links.list} aria-current={now.kind === 'LIST' ? 'page' : undefined}>
            {t.recordings}
          </a>
          {role === 'ADMIN' && (
            <a href={links.server} aria-current={now.kind === 'SERVER' ? 'page' : undefined}>
              {t.server}
            </a>
          )}
          {signOut !== null && (
            <button
              type="button"
              className="link"
              title={name === null ? undefined : t.signedInAs(name)}
              onClick={signOut}
            >
              {t.signOut}
            </button>
          )}
        </nav>
      </header>
      <Away />
      <main id="content" tabIndex={-1}>
        {now.kind === 'LIST' && <JobsPage />}
        {now.kind === 'SEARCH' && <SearchPage key={now.query} query={now.query} />}
        {now.kind === 'JOB' && <JobPage key={now.id} id={now.id} atSeconds={now.atSeconds} />}
        {now.kind === 'SERVER' && <ServerPage />}
      </main>
      {mayWrite && <DropArea />}
      <Toasts />
    </Provider>
  );
}

function skip(event: SyntheticEvent): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#content')?.focus();
}

function SearchBox({ query }: { readonly query: string }) {
  const [text, setText] = useState(query);
  const search = (event: SyntheticEvent) => {
    event.preventDefault();
    go(text.trim() === '' ? links.list : links.search(text.trim()));
  };
  return (
    <form role="search" aria-label={t.search} onSubmit={search}>
      <input
        type="search"
        value={text}
        maxLength={500}
        aria-label={t.searchLabel}
        placeholder={t.searchLabel}
        onChange={({ target }) => setText(target.value)}
      />
    </form>
  );
}

/** A moment without the server is not told. */
const awayMs = 1000;

function Away() {
  const { isLost } = useStore(useSession().connection.reach);
  const [isTold, setTold] = useState(false);
  useEffect(() => {
    if (!isLost) return setTold(false);
    const timer = setTimeout(() => setTold(true), awayMs);
    return () => clearTimeout(timer);
  }, [isLost]);
  return (
    <div className="away" role="status">
      {isTold && t.reconnecting}
    </div>
  );
}
