import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { RequestContext } from '#resolvers/context.ts';
import type { Metrics } from '../operations/metrics.ts';
import { refusalOf } from './cost.ts';
import type { FanOut, SubscribeArgs } from './fan-out/fan-out.ts';
import { operationOf } from './measuring/metrics.ts';
import { holderOf, type Quotas, tooMany, tooManySubscriptions } from './quotas/quotas.ts';

/** How subscriptions begin, whoever runs them. */
export interface Subscriptions {
  /** Follows what others follow, too: past Yoga, whose plugins would keep 8 KB of each. Null where Yoga is to subscribe, or to say what is wrong. */
  readonly share: FanOut;
  /** For those that Yoga runs. */
  readonly plugin: Plugin<RequestContext>;
}

interface SubscriptionNeeds {
  readonly fanOut: FanOut;
  readonly quotas: Pick<Quotas, 'subscriptions'>;
  readonly metrics: Metrics;
}

/** Lets subscriptions begin within their cost and the quota of their caller, over WebSocket and over HTTP together, and counts them. */
export function openSubscriptions({ fanOut, quotas, metrics }: SubscriptionNeeds): Subscriptions {
  /** What is to be called when it is over, or why it may not begin. */
  function admit(args: SubscribeArgs): (() => void) | GraphQLError {
    const refusal = refusalOf(args);
    if (refusal !== null) return refusal;
    const giveBack = quotas.subscriptions.take(holderOf(args.contextValue.caller));
    if (giveBack === null) return tooMany(tooManySubscriptions);
    const uncount = metrics.subscribed(operationOf(args).field);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      giveBack();
      uncount();
    };
  }
  return {
    async share(args, outlet) {
      const end = admit(args);
      if (typeof end !== 'function') return null;
      try {
        const membership = await fanOut(args, outlet);
        if (membership === null) end();
        else membership.ended.then(end, end);
        return membership;
      } catch (error) {
        end();
        throw error;
      }
    },
    plugin: {
      onSubscribe({ args, setResultAndStopExecution: stop }) {
        const end = admit(args);
        if (typeof end !== 'function') {
          stop({ errors: [end] });
          return undefined;
        }
        return {
          onSubscribeResult({ result }) {
            // What was refused never runs.
            if (!isIterable(result)) end();
            return { onEnd: end };
          },
          onSubscribeError: end,
        };
      },
    },
  };
}

function isIterable(result: AsyncIterable<unknown> | ExecutionResult): boolean {
  return Symbol.asyncIterator in result;
}
