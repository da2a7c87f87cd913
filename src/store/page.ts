/** A place between items, opaque to all but its adapter. */
export type Key = string;

/** `limit` items after (or before) a key, always answered in the list's own order; `last` takes them from the end. */
export interface Page {
  readonly limit: number;
  readonly after?: Key;
  readonly before?: Key;
  readonly last?: boolean;
}

/** A page of a list that each job has. */
export interface JobPage {
  readonly jobId: string;
  readonly page: Page;
}

/** An item with its place in its list. */
export interface Keyed<T> {
  readonly key: Key;
  readonly item: T;
}
