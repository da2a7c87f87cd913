import { type LookupAddress, lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector } from 'undici';

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
  /** Finds the addresses of a name; the system's where absent. */
  readonly lookup?: LookupFunction;
}

/** Whether an address is one of the internet, or of a network that the settings allow. What is mapped into IPv6 is taken for what it is. */
export function isAllowedAddress(address: string, allowedCidrs: readonly string[]): boolean {
  const parsed = ipaddr.process(address);
  if (parsed.range() === 'unicast') return true;
  return allowedCidrs
    .map((cidr) => ipaddr.parseCIDR(cidr))
    .some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
}

/**
 * An agent for `fetch` that connects to nothing within a private network, wherever a name or a redirection leads: each connection looks at the address that it
 * is made to. Fails with PrivateAddressError, as the cause of fetch's error.
 */
export function openGuardedAgent({ trustedHost, allowedCidrs, lookup = resolve as LookupFunction }: Exceptions): Agent {
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
  const connect = buildConnector({ lookup: guarded });
  return new Agent({
    connect(options, callback) {
      const hostname = options.hostname.replace(/^\[(?<address>.*)\]$/u, '$<address>');
      const isRefused = isIP(hostname) !== 0 && hostname !== trustedHost && !isAllowedAddress(hostname, allowedCidrs);
      if (isRefused) callback(new PrivateAddressError(hostname), null);
      else connect(options, callback);
    },
  });
}
