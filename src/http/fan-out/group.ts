import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Feed, Place, Slice } from '#resolvers/subscription.ts';
import { DatabaseAwayError } from '../../errors.ts';
import type { SingleFlight } from '../../store/single-flight.ts';
import type { Outlet, Part } from './outlet.ts';
import type { Turns } from './turns.ts';

/** What a feed has after a place, executed, in portions that are small enough for a client that takes them slowly. */
export interface Chunk extends Pick<Slice<unknown>, 'upTo' | 'next'> {
  readonly portions: readonly (readonly Part[])[];
}

/** Of characters, unless a single item has more: what a client holds that does not read. */
const portionSize = 65_536;
/** Writing to one client is the unit of `Turns`; executing an operation takes about so many. */
const executionCost = 5;
/** Before a database that was away is asked again. */
const awayMs = 500;

/** What a group is made of. */
interface GroupParts<T> {
  readonly feed: Feed<T>;
  /** Executes the operation of all for an item, and answers its result as JSON. Throws DatabaseAwayError. */
  readonly execute: (item: T) => Promise<string>;
  readonly chunks: SingleFlight<Chunk>;
  readonly turns: Turns;
  /** Called when the last one has left. */
  readonly empty: () => void;
}

/** A place in a group, as who follows has it. */
export interface Membership {
  /** Settles when the feed has ended, and when it is left; rejects where the feed could not be read, but for a database that is away: it is waited for. */
  readonly ended: Promise<void>;
  /** Begins to write to the outlet. */
  readonly begin: () => void;
  readonly leave: () => void;
}

/** One who follows, as the group has it. */
interface Follower {
  readonly outlet: Outlet;
  readonly ended: PromiseWithResolvers<void>;
  place: Place;
  hasLeft: boolean;
}

/**
 * All who ask the same of the same feed. Those who have everything are told what is new together: it is read once, executed once, and written to each. All
 * others, who have just come or read slowly, go by themselves from their own place until they have everything: nobody waits for them, and nothing is kept for
 * them but what they are to take next.
 */
export class Group<T> {
  readonly #parts: GroupParts<T>;
  readonly #listening: Disposable;
  /** Those who have everything. */
  readonly #level = new Set<Follower>();
  readonly #left = new AbortController();
  #members = 0;
  #changes = 0;
  #isTelling = false;

  constructor(parts: GroupParts<T>) {
    this.#parts = parts;
    this.#listening = parts.feed.listen(() => this.#wake());
  }

  /** Follows from a place. */
  join(place: Place, outlet: Outlet): Membership {
    const follower: Follower = { outlet, place, ended: Promise.withResolvers(), hasLeft: false };
    this.#members += 1;
    return {
      ended: follower.ended.promise,
      begin: () => this.#goAlone(follower),
      leave: () => this.#end(follower),
    };
  }

  #end(follower: Follower): void {
    follower.ended.resolve();
    this.#release(follower);
  }

  #fail(follower: Follower, error: unknown): void {
    follower.ended.reject(error);
    this.#release(follower);
  }

  #release(follower: Follower): void {
    if (follower.hasLeft) return;
    follower.hasLeft = true;
    this.#level.delete(follower);
    this.#members -= 1;
    if (this.#members > 0) return;
    this.#left.abort();
    this.#listening[Symbol.dispose]();
    this.#parts.chunks.forget(this);
    this.#parts.empty();
  }

  #wake(): void {
    this.#changes += 1;
    this.#parts.chunks.forget(this);
    if (this.#isTelling || this.#level.size === 0) return;
    this.#isTelling = true;
    this.#tellAll().catch((error: unknown) => {
      for (const follower of this.#level) this.#fail(follower, error);
    });
  }

  /** Tells those who have everything what is new, until nothing is. */
  async #tellAll(): Promise<void> {
    try {
      for (let seen = -1; seen !== this.#changes;) {
        // Others hear the same notification, and throw away what they have read before it.
        await Promise.resolve();
        const [first] = this.#level;
        if (first === undefined) return;
        const { place } = first;
        seen = this.#changes;
        const chunk = await this.#read(place);
        await this.#tell(place, chunk);
        if (chunk.next === 'MORE') {
          seen = -1;
          // Where nothing is to be told of much that is read, nobody else would have a turn.
          await nextTurn();
        } else if (chunk.next === 'NOTHING' && seen === this.#changes) this.#endAt(chunk.upTo);
      }
    } finally {
      this.#isTelling = false;
    }
  }

  async #tell(place: Place, chunk: Chunk): Promise<void> {
    const those = [...this.#level];
    const isStillAt = (follower: Follower) => follower.place === place && this.#level.has(follower);
    for (const follower of those) if (follower.place !== place) this.#goAlone(follower);
    for (const [index, portion] of chunk.portions.entries()) {
      for (const follower of those) {
        if (!isStillAt(follower)) continue;
        if (follower.outlet.isClear()) follower.outlet.write(portion);
        else this.#goAlone(follower, { ...chunk, portions: chunk.portions.slice(index) });
        const turn = this.#parts.turns.take(1);
        if (turn !== undefined) await turn;
      }
    }
    for (const follower of those) if (isStillAt(follower)) follower.place = chunk.upTo;
  }

  #endAt(place: Place): void {
    for (const follower of this.#level) if (follower.place === place) this.#end(follower);
  }

  #goAlone(follower: Follower, rest?: Chunk): void {
    this.#level.delete(follower);
    this.#followAlone(follower, rest).catch((error: unknown) => this.#fail(follower, error));
  }

  /** By its own place, each portion when the one before has left, until it has everything. */
  async #followAlone(follower: Follower, rest?: Chunk): Promise<void> {
    let seen = rest === undefined ? this.#changes : -1;
    let chunk = rest ?? (await this.#read(follower.place));
    for (;;) {
      for (const portion of chunk.portions) {
        if (follower.hasLeft) return;
        await new Promise<void>((left) => follower.outlet.write(portion, left));
      }
      follower.place = chunk.upTo;
      if (follower.hasLeft) return;
      if (chunk.next !== 'MORE' && seen === this.#changes) break;
      await this.#parts.turns.take(1);
      if (chunk.next === 'MORE') await nextTurn();
      seen = this.#changes;
      chunk = await this.#read(follower.place);
    }
    if (chunk.next === 'NOTHING') this.#end(follower);
    else this.#level.add(follower);
  }

  /** Who follows hears nothing while the database is away, and goes on when it is back. */
  async #read(place: Place): Promise<Chunk> {
    for (;;) {
      try {
        return await this.#readNow(place);
      } catch (error) {
        if (!(error instanceof DatabaseAwayError)) throw error;
      }
      await sleep(awayMs, undefined, { signal: this.#left.signal });
    }
  }

  #readNow(place: Place): Promise<Chunk> {
    return this.#parts.chunks.get(this, place, async () => {
      const { items, upTo, next } = await this.#parts.feed.read(place);
      const parts: Part[] = [];
      for (const item of items) {
        await this.#parts.turns.take(executionCost);
        parts.push({ json: await this.#parts.execute(item) });
      }
      return { portions: portionsOf(parts), upTo, next };
    });
  }
}

/** Parts that together have few characters, or one that has many. */
function portionsOf(parts: readonly Part[]): readonly (readonly Part[])[] {
  const portions: Part[][] = [];
  let left = 0;
  for (const part of parts) {
    if (part.json.length > left) {
      portions.push([]);
      left = portionSize;
    }
    portions.at(-1)?.push(part);
    left -= part.json.length;
  }
  return portions;
}
