import { hash } from 'node:crypto';
import {
  type DocumentNode,
  createSourceEventStream,
  type ExecutionArgs,
  executeSubscriptionEvent,
  type GraphQLError,
  Kind,
  type OperationDefinitionNode,
  validateSubscriptionArgs,
  type ValidatedSubscriptionArgs,
  visit,
} from 'graphql';
import type { RequestContext } from '#resolvers/context.ts';
import type { Following } from '#resolvers/subscription.ts';
import type { Caller } from '../../config/api-key.ts';
import { DatabaseAwayError } from '../../errors.ts';
import { openSingleFlight } from '../../store/single-flight.ts';
import { type Chunk, Group, type Membership } from './group.ts';
import type { Outlet } from './outlet.ts';
import { openTurns } from './turns.ts';

/** What makes the context of a request, and what an error is told as. */
interface FanOutNeeds {
  readonly contextOf: (caller: Caller, signal: AbortSignal) => RequestContext;
  readonly mask: (error: unknown) => GraphQLError;
}

/** Follows together with others who ask for the same, whose results are written to the outlet. Null where there is nothing to share, which is what is wrong, too. */
export type FanOut = (args: SubscribeArgs, outlet: Outlet) => Promise<Membership | null>;

export type SubscribeArgs = ExecutionArgs & { readonly contextValue: RequestContext };

/** 512 Ki of executed items, kept for a moment: what is larger is shared by those who ask while it is made. */
const maxChunkCharacters = 524_288;
/** Written messages in one turn of the event loop: about three milliseconds. */
const writesAtOnce = 250;

/** One for a server: it holds who follows what. */
export function openFanOut({ contextOf, mask }: FanOutNeeds): FanOut {
  const groups = new Map<string, Group<unknown>>();
  const turns = openTurns(writesAtOnce);
  const chunks = openSingleFlight<Chunk>({ sizeOf: charactersOf, maxSize: maxChunkCharacters });
  function open(key: string, { feed }: Following<unknown>, args: ValidatedSubscriptionArgs, caller: Caller) {
    const end = new AbortController();
    const group = new Group({
      feed,
      turns,
      chunks,
      async execute(rootValue) {
        const result = await executeSubscriptionEvent({
          ...shared,
          contextValue: contextOf(caller, end.signal),
          rootValue,
        });
        const away = result.errors?.find(({ originalError }) => originalError instanceof DatabaseAwayError);
        // Told as an error, the item would be lost to all.
        if (away?.originalError) throw away.originalError;
        return JSON.stringify(result.errors === undefined ? result : { ...result, errors: result.errors.map(mask) });
      },
      empty() {
        end.abort();
        if (groups.get(key) === group) groups.delete(key);
      },
    });
    // Nothing is kept of the connection of who came first.
    const shared = { ...args, contextValue: null, rootValue: null };
    groups.set(key, group);
    return group;
  }
  return async (args, outlet) => {
    const validated = validateSubscriptionArgs(args);
    if (!('schema' in validated)) return null;
    // What is not iterated has not begun, and needs no end.
    const source = await createSourceEventStream(validated);
    if (!isFollowing(source)) return null;
    const key = keyOf(args, validated, source.cursor);
    const group = groups.get(key) ?? open(key, source, validated, args.contextValue.caller);
    return group.join(source.start, outlet);
  };
}

function charactersOf({ portions }: Chunk): number {
  return portions.flat().reduce((sum, { json }) => sum + json.length, 0);
}

function isFollowing(source: object): source is Following<unknown> {
  return 'feed' in source;
}

/**
 * Who has the same key is told the same: the same key of the same caller, since fields show what its role may see and sign addresses by it, the same operation,
 * and the same variables but for where to begin.
 */
function keyOf(
  { document, operationName, variableValues, contextValue }: SubscribeArgs,
  { operation }: ValidatedSubscriptionArgs,
  cursor: string | undefined,
): string {
  const { caller } = contextValue;
  const begins = cursor === undefined ? null : cursorVariable(document, operation, cursor);
  const variables = Object.entries(variableValues ?? {}).filter(([name]) => name !== begins);
  return hash('sha256', JSON.stringify([caller, operationName, document.loc?.source.body, variables]));
}

const cursorVariables = new WeakMap<OperationDefinitionNode, string | null>();

/** The variable that says where to begin; null where it is used for anything else, or not to be found at once. */
function cursorVariable(document: DocumentNode, operation: OperationDefinitionNode, cursor: string): string | null {
  const known = cursorVariables.get(operation);
  if (known !== undefined) return known;
  const [field] = operation.selectionSet.selections;
  const given = field?.kind === Kind.FIELD && field.arguments?.find(({ name }) => name.value === cursor)?.value;
  const name = given && given.kind === Kind.VARIABLE ? given.name.value : null;
  // Its definition, and its use as the argument.
  const found = name !== null && countUses(document, name) === 2 ? name : null;
  cursorVariables.set(operation, found);
  return found;
}

function countUses(document: DocumentNode, variable: string): number {
  let uses = 0;
  visit(document, {
    Variable({ name }) {
      if (name.value === variable) uses += 1;
    },
  });
  return uses;
}
