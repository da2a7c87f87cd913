import { type LookupAddress, lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent } from 'undici';

/** A connection leads to an address that it must not. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
  readonly code = 'PRIVATE_ADDRESS';
  readonly hostname: string;
  constructor(hostname: string) {
    super(`${hostname} is an address of a private network.`);
    this.hostname = hostname;
  }
}

/** Where an agent may connect to, beside the internet. */
interface Exceptions {
  /** A host that the settings name, whatever its address. */
  readonly trustedHost?: string;
  /** Networks of the settings, such as 10.0.0.0/8. */
  readonly allowedCidrs: readonly string[];
  /** Asks through the proxy of HTTPS_PROXY, which looks up names itself and knows what is private there; NO_PROXY goes directly. */
  readonly usesEnvProxy?: boolean;
  /** Finds the addresses of a name; the system's where absent. */
  readonly lookup?: LookupFunction;
}

/** All that is given out of IPv6 to the internet (IANA, IPv6 Address Space): below it lie IPv4 addresses that are written as IPv6 in older ways. */
const globalIpv6 = ipaddr.parseCIDR('2000::/3');

/** Whether an address is one of the internet, or of a network that the settings allow. What is mapped into IPv6 is taken for what it is. */
export function isAllowedAddress(address: string, allowedCidrs: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(globalIpv6))) return true;
  return allowedCidrs
    .map((cidr) => ipaddr.parseCIDR(cidr))
    .some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
}

/** Whether the host of a URL is written as an address that must not be connected to. Where a name leads is seen by the connection. */
export function isRefusedHost({ hostname }: URL, allowedCidrs: readonly string[]): boolean {
  const address = withoutBrackets(hostname);
  return isIP(address) !== 0 && !isAllowedAddress(address, allowedCidrs);
}

/**
 * An agent for `fetch` that connects to nothing within a private network, wherever a name or a redirection leads: each connection looks at the address that it
 * is made to. Fails with PrivateAddressError, as the cause of fetch's error.
 */
export function openGuardedAgent(exceptions: Exceptions): Dispatcher {
  const { trustedHost, allowedCidrs, usesEnvProxy = false, lookup = resolve as LookupFunction } = exceptions;
  const guarded: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses: readonly LookupAddress[] = Array.isArray(found) ? found : [];
      const [first] = addresses;
      if (error !== null || first === undefined) return callback(error ?? new Error(`${hostname} has no address.`), []);
      if (hostname !== trustedHost && !addresses.every(({ address }) => isAllowedAddress(address, allowedCidrs)))
        return callback(new PrivateAddressError(hostname), []);
      return options.all === true ? callback(null, [...addresses]) : callback(null, first.address, first.family);
    });
  };
  const open = buildConnector({ lookup: guarded });
  const connect: buildConnector.connector = (options, callback) => {
    const hostname = withoutBrackets(options.hostname);
    const isRefused = isIP(hostname) !== 0 && hostname !== trustedHost && !isAllowedAddress(hostname, allowedCidrs);
    if (isRefused) callback(new PrivateAddressError(hostname), null);
    else open(options, callback);
  };
  return usesEnvProxy ? new EnvHttpProxyAgent({ connect }) : new Agent({ connect });
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(?<address>.*)\]$/u, '$<address>');
}
