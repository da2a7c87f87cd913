/** Has who works on an upload let go of it soon. */
type RequestRelease = () => Promise<void> | void;

interface Holder {
  readonly requestRelease: RequestRelease;
  readonly released: Promise<void>;
}

/**
 * One request at a time works on an upload. Whoever comes next has the one before it end, which may be a connection that is dead and does not know it, and
 * waits for that. @tus/server's own locker asks again in every turn of the event loop, which keeps a processor busy for as long as somebody waits.
 */
export class UploadLocks {
  readonly #holders = new Map<string, Holder>();

  isHeld(id: string): boolean {
    return this.#holders.has(id);
  }

  /** As @tus/server takes it. */
  newLock(id: string) {
    let release: (() => void) | undefined;
    return {
      lock: async (_signal: AbortSignal, requestRelease: RequestRelease): Promise<void> => {
        for (let holder = this.#holders.get(id); holder !== undefined; holder = this.#holders.get(id)) {
          await holder.requestRelease();
          await holder.released;
        }
        const { promise: released, resolve } = Promise.withResolvers<void>();
        this.#holders.set(id, { requestRelease, released });
        release = resolve;
      },
      unlock: async (): Promise<void> => {
        this.#holders.delete(id);
        release?.();
      },
    };
  }

  /** Settles when nobody works on any upload. */
  async settled(): Promise<void> {
    while (this.#holders.size > 0) await Promise.all([...this.#holders.values()].map(({ released }) => released));
  }
}
