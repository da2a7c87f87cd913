import { repeat } from '../../operations/repeat.ts';
import type { Held, SharedLimits } from '../../store/limits.ts';

/** How much of something each of many holds. */
export interface Quota {
  /** Gives back what was taken, once; null where the holder has as much as it may. */
  take(holder: string): (() => void) | null;
}

/** A quota, with what is held of it. */
interface Holdings extends Quota {
  readonly held: ReadonlyMap<string, number>;
}

/** A quota of what each holds at this node and, as far as that is known, elsewhere. */
export function openHoldings(limit: number, elsewhere: (holder: string) => number = () => 0): Holdings {
  const held = new Map<string, number>();
  return {
    held,
    take(holder) {
      const count = held.get(holder) ?? 0;
      if (count + elsewhere(holder) >= limit) return null;
      held.set(holder, count + 1);
      let isGiven = false;
      return () => {
        if (isGiven) return;
        isGiven = true;
        const left = (held.get(holder) ?? 1) - 1;
        if (left > 0) held.set(holder, left);
        else held.delete(holder);
      };
    },
  };
}

/** So often nodes tell each other. */
const exchangeMs = 1000;

interface Sharing {
  readonly limits: Pick<SharedLimits, 'exchangeHeld'>;
  /** How much each may hold, by the name of what is held. */
  readonly most: Readonly<Record<string, number>>;
  readonly onTrouble: (error: unknown) => void;
}

/** Quotas of what each holds at all nodes together: what was begun elsewhere within the last second is not known here. */
export function openSharedHoldings({ limits, most, onTrouble }: Sharing) {
  let elsewhere = new Map<string, number>();
  let told: readonly Held[] = [];
  const quotas = new Map(
    Object.entries(most).map(([name, limit]) => [
      name,
      openHoldings(limit, (who) => elsewhere.get(keyOf({ name, who })) ?? 0),
    ]),
  );
  const exchange = async () => {
    const held = [...quotas].flatMap(([name, quota]) => [...quota.held].map(([who, count]) => ({ name, who, count })));
    const now = new Set(held.map(keyOf));
    // What was given back is told once, so that nobody waits until it counts no more.
    const gone = told.filter((each) => !now.has(keyOf(each))).map((each) => ({ ...each, count: 0 }));
    const others = await limits.exchangeHeld([...held, ...gone]);
    told = held;
    elsewhere = new Map(others.map((each) => [keyOf(each), each.count]));
  };
  const exchanging = repeat(exchangeMs, exchange, (error) => {
    // Who cannot be asked holds nobody up.
    elsewhere = new Map();
    onTrouble(error);
  });
  return {
    quotaOf(name: string): Quota {
      const quota = quotas.get(name);
      if (quota === undefined) throw new Error(`There is no quota of ${name}.`);
      return quota;
    },
    [Symbol.asyncDispose]: () => exchanging[Symbol.asyncDispose](),
  };
}

function keyOf({ name, who }: Pick<Held, 'name' | 'who'>): string {
  return `${name} ${who}`;
}
