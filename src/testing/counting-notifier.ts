import { type Notifier, openNotifier } from '#src/store/notifier.ts';

/** A notifier that counts who listens. */
export function openCountingNotifier(): Notifier & { readonly listeners: number } {
  const notifier = openNotifier();
  let listeners = 0;
  return {
    ...notifier,
    get listeners() {
      return listeners;
    },
    listen(...wanted) {
      listeners += 1;
      const listening = notifier.listen(...wanted);
      return {
        [Symbol.dispose]() {
          listeners -= 1;
          listening[Symbol.dispose]();
        },
      };
    },
  };
}
