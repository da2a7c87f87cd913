import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { SharedLimits } from '../../store/limits.ts';

/** Counts what each does within a minute: answers the seconds to wait of who does more than it may, 0 = none. */
export type Rate = (who: string) => Promise<number>;

const windowMs = 60_000;

/** A rate that this process counts. */
export function openRate(perMinute: number): Rate {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: windowMs / 1000 });
  return async (who) => {
    const { consumedPoints, msBeforeNext } = await limiter.penalty(who);
    return consumedPoints <= perMinute ? 0 : Math.ceil(msBeforeNext / 1000);
  };
}

/** Into how many parts a limit goes that a node takes in advance: the database is asked that often in a minute, for each who asks. What a node has and does not use, others do without. */
const partsOfLimit = 20;

/** What a node may still let somebody do, in milliseconds of `performance.now()` until when. */
interface Part {
  left: number;
  readonly endsAt: number;
  /** There was no more to be had. */
  readonly isLast: boolean;
}

interface SharedRate {
  readonly limits: Pick<SharedLimits, 'takePart'>;
  readonly name: string;
  readonly perMinute: number;
  /** Hears why this process counts by itself for now. */
  readonly onTrouble: (error: unknown) => void;
}

/** A rate that all nodes count together: never more, and no statement for most of what is done. */
export function openSharedRate({ limits, name, perMinute, onTrouble }: SharedRate): Rate {
  const alone = openRate(perMinute);
  const parts = new Map<string, Part>();
  const coming = new Map<string, Promise<void>>();
  const want = Math.ceil(perMinute / partsOfLimit);
  let sweptAt = performance.now();

  async function take(who: string): Promise<void> {
    const { granted, leftMs } = await limits.takePart({ name, who, want, limit: perMinute, windowMs });
    const now = performance.now();
    if (now - sweptAt > windowMs) {
      for (const [each, { endsAt }] of parts) if (endsAt <= now) parts.delete(each);
      sweptAt = now;
    }
    parts.set(who, { left: granted, endsAt: now + leftMs, isLast: granted === 0 });
  }

  /** Those who wait for the same part take it once. */
  function takeTogether(who: string): Promise<void> {
    const known = coming.get(who);
    if (known !== undefined) return known;
    const next = take(who).finally(() => coming.delete(who));
    coming.set(who, next);
    return next;
  }

  async function count(who: string): Promise<number> {
    for (;;) {
      const part = parts.get(who);
      const leftMs = (part?.endsAt ?? 0) - performance.now();
      if (part !== undefined && leftMs > 0) {
        if (part.isLast) return Math.ceil(leftMs / 1000);
        if (part.left > 0) {
          part.left -= 1;
          return 0;
        }
      }
      await takeTogether(who);
    }
  }

  return (who) =>
    count(who).catch((error: unknown) => {
      onTrouble(error);
      return alone(who);
    });
}
