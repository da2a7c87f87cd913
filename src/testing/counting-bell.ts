import { type Bell, openBell } from '#src/store/notifier.ts';

/** A bell that counts who listens. */
export function openCountingBell(): Bell & { readonly listeners: number } {
  const bell = openBell();
  let listeners = 0;
  return {
    get listeners() {
      return listeners;
    },
    ring: (id) => bell.ring(id),
    listen(listener, id) {
      listeners += 1;
      const listening = bell.listen(listener, id);
      return {
        [Symbol.dispose]() {
          listeners -= 1;
          listening[Symbol.dispose]();
        },
      };
    },
  };
}
