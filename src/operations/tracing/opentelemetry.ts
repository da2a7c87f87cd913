import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { getNumberFromEnv, getStringFromEnv, parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Log } from '../../logs/log.ts';
import type { OpenTracer } from './open.ts';
import type { Span } from './tracer.ts';

/** Between two lines of the log about spans that could not be sent. */
const tellMs = 60_000;
/** What cannot be sent by then is lost: a stop must not wait for somebody who collects traces. */
const lastSpansMs = 2000;

/** Between two batches of spans, where OTEL_BSP_SCHEDULE_DELAY does not say it: the SDK's own. */
const usualDelayMs = 5000;

/**
 * Traces by OpenTelemetry's SDK, which sends spans as OTLP over HTTP and reads where to from the OTEL_ variables. Spans that cannot be sent are dropped, and so are
 * those beyond the 2,048 that wait at most.
 */
export function openOpenTelemetry(log: Log, version: string): OpenTracer {
  const own = resourceFromAttributes({ 'service.name': 'phonograph', 'service.version': version });
  const provider = new TracerProvider({
    resource: own.merge(detectResources({ detectors: [envDetector] })),
    sampler: samplerOf(getStringFromEnv('OTEL_TRACES_SAMPLER'), getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG')),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: telling(new OTLPTraceExporter(), log),
        scheduledDelayMillis: getNumberFromEnv('OTEL_BSP_SCHEDULE_DELAY') ?? usualDelayMs,
      }),
    ],
  });
  const tracer = provider.getTracer('phonograph', version);
  return {
    start(name, { parent, kind, attributes = {}, startedAt } = {}) {
      const above = parent ? parseTraceParent(parent) : null;
      const context = above === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...above, isRemote: true });
      const options = {
        kind: kind === undefined ? SpanKind.INTERNAL : SpanKind[kind],
        attributes,
        ...(startedAt === undefined ? {} : { startTime: startedAt }),
      };
      return spanOf(tracer.startSpan(name, options, context));
    },
    async [Symbol.asyncDispose]() {
      const ending = provider.shutdown().catch((err: unknown) => log.debug({ err }, 'last spans not sent'));
      await Promise.race([ending, sleep(lastSpansMs, undefined, { ref: false })]);
    },
  };
}

/** As the specification names them; whoever asks decides for what belongs to its trace, unless it is said otherwise. */
function samplerOf(name = 'parentbased_always_on', ratio = 1): Sampler {
  const root = name.endsWith('traceidratio')
    ? new TraceIdRatioBasedSampler(ratio)
    : name.endsWith('always_off')
      ? new AlwaysOffSampler()
      : new AlwaysOnSampler();
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function spanOf(span: ReturnType<ReturnType<TracerProvider['getTracer']>['startSpan']>): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    note(attributes) {
      span.setAttributes(attributes);
    },
    end(problem = null) {
      if (problem !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
      span.end();
    },
  };
}

/** The SDK says to nobody that spans do not arrive. */
function telling(exporter: SpanExporter, log: Log): SpanExporter {
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined && performance.now() - toldAt > tellMs) {
          toldAt = performance.now();
          log.warn({ problem: result.error.message, spans: spans.length }, 'spans not sent');
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
