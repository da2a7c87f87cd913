import { useSyncExternalStore } from 'react';

/** A value that changes, and whoever wants to know. */
export interface Store<Value> {
  readonly get: () => Value;
  readonly set: (change: (now: Value) => Value) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

export function openStore<Value>(first: Value): Store<Value> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(change) {
      const next = change(value);
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The value of a store; the component is drawn again when it changes. */
export function useStore<Value>({ subscribe, get }: Pick<Store<Value>, 'subscribe' | 'get'>): Value {
  return useSyncExternalStore(subscribe, get);
}
