// Loaded before a worker: it never gives up its leases by itself, and only the database keeps it from writing for an attempt that is another's. Its watch
// is the only timer of its period: a sixteenth of 80 % of the lease.
const leaseSeconds = Number(process.env['PHONOGRAPH_LEASE_SECONDS']);
const watchMs = (leaseSeconds * 1000 * 0.8) / 16;
const { setInterval } = globalThis;

globalThis.setInterval = Object.assign(
  (act: () => void, ms?: number, ...args: unknown[]) =>
    setInterval(ms === watchMs ? () => undefined : act, ms, ...args),
  setInterval,
);
