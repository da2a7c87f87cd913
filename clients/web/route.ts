import { openStore } from './store.ts';

/** What the page shows. It stands behind the # of the address, which the server never sees: the page works under any path of a proxy. */
export type Route =
  | { readonly kind: 'LIST' }
  | { readonly kind: 'SEARCH'; readonly query: string }
  | { readonly kind: 'JOB'; readonly id: string; readonly atSeconds: number | null }
  | { readonly kind: 'SERVER' };

function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/u, '').split('?', 2);
  const given = new URLSearchParams(query);
  const [, id] = /^\/jobs\/(?<id>[\w-]+)$/u.exec(path) ?? [];
  if (id !== undefined) {
    const at = Number.parseFloat(given.get('t') ?? '');
    return { kind: 'JOB', id, atSeconds: Number.isFinite(at) ? at : null };
  }
  if (path === '/search') return { kind: 'SEARCH', query: given.get('q') ?? '' };
  return path === '/server' ? { kind: 'SERVER' } : { kind: 'LIST' };
}

export const links = {
  list: '#/',
  server: '#/server',
  search: (query: string) => `#/search?${new URLSearchParams({ q: query })}`,
  job: (id: string, atSeconds?: number) => `#/jobs/${id}${atSeconds === undefined ? '' : `?t=${atSeconds}`}`,
};

/** What is shown now. */
export const route = openStore<Route>(parse(location.hash));

window.addEventListener('hashchange', () => route.set(() => parse(location.hash)));

/** Changes what is shown; `replace` where going back is not to lead here. */
export function go(link: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', link);
  else history.pushState(null, '', link);
  route.set(() => parse(link));
}
