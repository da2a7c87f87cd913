import type { Config } from '../../config/config.ts';
import type { Log } from '../../logs/log.ts';
import { noTracer, type Tracer } from './tracer.ts';

/** A tracer, and the end of it: spans that wait are sent then. */
export type OpenTracer = Tracer & AsyncDisposable;

/** Traces where the environment says where to; nothing of OpenTelemetry's SDK is loaded where it does not. */
export async function openTracer(
  { traces }: Pick<Config, 'traces'>,
  { log, version }: { readonly log: Log; readonly version: string },
): Promise<OpenTracer> {
  if (!traces) return { ...noTracer, [Symbol.asyncDispose]: () => Promise.resolve() };
  const { openOpenTelemetry } = await import('./opentelemetry.ts');
  return openOpenTelemetry(log, version);
}
