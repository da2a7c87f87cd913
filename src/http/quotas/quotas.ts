import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { GraphQLError } from 'graphql';
import type { Caller } from '../../config/api-key.ts';
import type { Config } from '../../config/config.ts';
import type { Log } from '../../logs/log.ts';
import type { SharedLimits } from '../../store/limits.ts';
import { openHoldings, openSharedHoldings, type Quota } from './holdings.ts';
import { openRate, openSharedRate } from './rate.ts';

/** What one caller, or one address, may hold at a time, so that nobody is in the way of others. */
export interface Quotas extends AsyncDisposable {
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

interface QuotaParts {
  /** What all nodes count together; null where this process is alone. */
  readonly shared: SharedLimits | null;
  readonly log: Log;
}

export function openQuotas(limits: Limits, { shared, log }: QuotaParts): Quotas {
  const sockets = openHoldings(limits.maxSocketsPerAddress);
  const ofFailures = openRate(failuresPerMinute);
  const { ofRequests, uploads, subscriptions, ...owned } = ofCallers(limits, { shared, log });
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
    uploads,
    subscriptions,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Of callers all nodes count together, of addresses each for itself. */
function ofCallers(limits: Limits, { shared, log }: QuotaParts) {
  const most = { uploads: limits.maxUploadsPerCaller, subscriptions: limits.maxSubscriptionsPerCaller };
  if (shared === null) {
    return {
      ofRequests: openRate(limits.maxRequestsPerMinute),
      uploads: openHoldings(most.uploads),
      subscriptions: openHoldings(most.subscriptions),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const onTrouble = (err: unknown) => log.warn({ err }, 'limits of callers counted by this node alone');
  const perMinute = limits.maxRequestsPerMinute;
  const holdings = openSharedHoldings({ limits: shared, most, onTrouble });
  return {
    ofRequests: openSharedRate({ limits: shared, name: 'requests', perMinute, onTrouble }),
    uploads: holdings.quotaOf('uploads'),
    subscriptions: holdings.quotaOf('subscriptions'),
    [Symbol.asyncDispose]: () => holdings[Symbol.asyncDispose](),
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
