import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { GraphQLError } from 'graphql';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Caller } from '../config/api-key.ts';
import type { Config } from '../config/config.ts';

/** How much of something each of many holds. */
interface Quota {
  /** Gives back what was taken, once; null where the holder has as much as it may. */
  take(holder: string): (() => void) | null;
}

/** What one caller, or one address, may hold at a time, so that nobody is in the way of others. */
export interface Quotas {
  /** Ends a connection at once where its address has as many as it may; this machine and trusted proxies speak for many. */
  admit(socket: Socket): void;
  readonly uploads: Quota;
  readonly subscriptions: Quota;
  /** A wrong API key came from this address; answers how many seconds the next one has to wait, 0 = none. */
  failed(request: IncomingMessage): Promise<number>;
  /** A caller asks for something; answers how many seconds it has to wait, 0 = none. An ADMIN asks as often as he likes. */
  asked(caller: Caller): Promise<number>;
}

/** Wrong API keys a minute from an address. A key has 256 bits: nobody guesses one, but whoever tries is not to be served as fast as he asks. */
const failuresPerMinute = 20;

type Limits = Pick<
  Config['server'],
  | 'maxSocketsPerAddress'
  | 'maxUploadsPerCaller'
  | 'maxSubscriptionsPerCaller'
  | 'maxRequestsPerMinute'
  | 'trustedProxies'
>;

export function openQuotas(limits: Limits): Quotas {
  const sockets = openQuota(limits.maxSocketsPerAddress);
  const [ofFailures, ofRequests] = [openRate(failuresPerMinute), openRate(limits.maxRequestsPerMinute)];
  return {
    failed: (request) => ofFailures(networkOf(addressOf(request, limits.trustedProxies))),
    asked: async (caller) => (caller.role === 'ADMIN' ? 0 : ofRequests(holderOf(caller))),
    admit(socket) {
      const address = plainAddress(socket.remoteAddress);
      if (isLoopbackAddress(address) || limits.trustedProxies.includes(address)) return;
      const giveBack = sockets.take(address);
      if (giveBack === null) socket.destroy();
      else socket.once('close', giveBack);
    },
    uploads: openQuota(limits.maxUploadsPerCaller),
    subscriptions: openQuota(limits.maxSubscriptionsPerCaller),
  };
}

/** Counts what each does within a minute: answers the seconds to wait of who does more than it may. */
function openRate(perMinute: number): (who: string) => Promise<number> {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return async (who) => {
    const { consumedPoints, msBeforeNext } = await limiter.penalty(who);
    return consumedPoints <= perMinute ? 0 : Math.ceil(msBeforeNext / 1000);
  };
}

function openQuota(limit: number): Quota {
  const held = new Map<string, number>();
  return {
    take(holder) {
      const count = held.get(holder) ?? 0;
      if (count >= limit) return null;
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

/** An IPv4 address as it is, also on a socket that takes IPv6. */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:/u, '');
}

/** Where a request comes from: what the proxies that are trusted say, the nearest first, and never what anybody else says. */
function addressOf({ socket, headers }: IncomingMessage, trustedProxies: readonly string[]): string {
  const nearest = plainAddress(socket.remoteAddress);
  const told = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => isIP(each) !== 0);
  return [...told, nearest].findLast((address) => !trustedProxies.includes(address)) ?? nearest;
}

/** Who has one IPv6 address has all of its /64. */
function networkOf(address: string): string {
  return isIP(address) === 6 ? address.split(':').slice(0, 4).join(':') : address;
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Whose quota counts: who has no key, is one with all others who have none. */
export function holderOf({ name }: Caller): string {
  return name ?? '';
}

export function tooMany(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'TOO_MANY_REQUESTS', http: { status: 429 } } });
}

/** What is told to who asks too often. */
export function tooOften(waitSeconds: number): string {
  return `You ask more often than one caller may in a minute; ask again in ${waitSeconds} s.`;
}

export const tooManyUploads =
  'You send as many recordings as one caller may at a time; send the next when one has arrived.';

export const tooManySubscriptions = 'You follow as much as one caller may; end what you no longer look at.';
