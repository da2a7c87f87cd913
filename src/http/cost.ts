import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getArgumentValues,
  getNamedType,
  getNullableType,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedOutputType,
  type GraphQLSchema,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  isOutputType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  type VariableValues,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Objects that one operation may bring back. */
const maxCost = 20_000;
/** The largest page of any list. A larger one is refused by its field, with its own words. */
const largestPage = 1000;
/** Objects in a list that has no pages. */
const usualItems = 10;

/** What a field of the schema says of itself, in its `extensions`, where the rules below do not say it. */
interface CostHints {
  /** What a value counts that takes as long as so many objects. */
  readonly cost?: number;
  /** How often an operation may ask for it, counted along lists. */
  readonly maxTimes?: number;
}

/** Refuses queries and mutations, before anything is executed: on HTTP and on WebSocket alike, since both execute through Yoga. */
export function useCostLimit(): Plugin {
  return {
    onExecute({ args, setResultAndStopExecution: stop }) {
      const refusal = refusalOf(args);
      if (refusal !== null) stop({ errors: [refusal] });
    },
  };
}

/** What an operation is executed with. */
interface Operation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * Why an operation is not executed that could bring back too much; null where it is. Limits of depth and aliases do not bound work: a hundred jobs with a
 * thousand segments each are four levels.
 */
export function refusalOf(operation: Operation): GraphQLError | null {
  const { cost, over } = costOf(operation);
  if (cost <= maxCost && over === null) return null;
  const message =
    over === null
      ? `The operation could bring back ${cost} objects; ${maxCost} are allowed.`
      : `The operation asks for ${over.field} ${over.times} times; ${over.limit} are allowed.`;
  const hint = 'Ask for smaller pages, or for less in lists.';
  return new GraphQLError(message, {
    extensions: { code: 'QUERY_TOO_COMPLEX', hint, cost, limit: maxCost, http: { status: 400 } },
  });
}

interface Cost {
  readonly cost: number;
  /** The field that is asked for oftener than it allows, along lists; null where there is none. */
  readonly over: Repeated | null;
}

/** A field that may not be asked for at will, and how often it is. */
interface Repeated {
  readonly field: string;
  readonly times: number;
  readonly limit: number;
}

/**
 * Objects that an operation could bring back: one for each, as often as the lists along its path are long by their arguments and variables. Introspection
 * counts nothing: it cannot loop through our data.
 */
export function costOf({ schema, document, operationName, variableValues }: Operation): Cost {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return { cost: 0, over: null };
  const { variableValues: variables } = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    variableValues ?? {},
  );
  // Execution refuses variables that do not fit, with its own words.
  if (variables === undefined) return { cost: 0, over: null };
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const each of document.definitions)
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each);
  const scope = { schema, variables, fragments, measured: new Map() };
  const { cost, repeated } = measureSet(operation.selectionSet, { type: root, page: 1 }, scope);
  return { cost, over: repeated !== null && repeated.times > repeated.limit ? repeated : null };
}

/** What measuring needs of the whole operation. */
interface Scope {
  readonly schema: GraphQLSchema;
  readonly variables: VariableValues;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Each fragment is measured once for a size of page, or fragments that name each other twice would double the work at every step. */
  readonly measured: Map<string, Measure>;
}

/** The type that a selection is made of, and how long the list of a connection is, for its `edges`. */
interface Place {
  readonly type: GraphQLNamedOutputType;
  readonly page: number;
}

/** What a selection costs for one object. */
interface Measure {
  readonly cost: number;
  /** The field that comes nearest to its limit: one and no list, which fragments would double at every step. */
  readonly repeated: Repeated | null;
}

const nothing: Measure = { cost: 0, repeated: null };

function measureSet({ selections }: SelectionSetNode, place: Place, scope: Scope): Measure {
  return selections.map((selection) => measureSelection(selection, place, scope)).reduce(join, nothing);
}

function join(one: Measure, other: Measure): Measure {
  const share = ({ repeated }: Measure) => (repeated === null ? 0 : repeated.times / repeated.limit);
  return { cost: one.cost + other.cost, repeated: (share(one) >= share(other) ? one : other).repeated };
}

function measureSelection(selection: SelectionNode, place: Place, scope: Scope): Measure {
  if (selection.kind === Kind.FIELD) return measureField(selection, place, scope);
  if (selection.kind === Kind.INLINE_FRAGMENT) {
    const type = typeOf(selection.typeCondition?.name.value, scope) ?? place.type;
    return measureSet(selection.selectionSet, { ...place, type }, scope);
  }
  const fragment = scope.fragments.get(selection.name.value);
  const type = typeOf(fragment?.typeCondition.name.value, scope);
  if (fragment === undefined || type === undefined) return nothing;
  const key = `${fragment.name.value} ${place.page}`;
  const known = scope.measured.get(key);
  if (known !== undefined) return known;
  const measure = measureSet(fragment.selectionSet, { ...place, type }, scope);
  scope.measured.set(key, measure);
  return measure;
}

function typeOf(name: string | undefined, { schema }: Scope): GraphQLNamedOutputType | undefined {
  const type = name === undefined ? undefined : schema.getType(name);
  return isOutputType(type) ? type : undefined;
}

function measureField(node: FieldNode, { type, page }: Place, scope: Scope): Measure {
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
  if (field === undefined) return nothing;
  const { cost, maxTimes }: CostHints = field.extensions;
  const name = node.name.value;
  const inner = getNamedType(field.type);
  const below = node.selectionSet
    ? measureSet(node.selectionSet, { type: inner, page: pageOf(field, node, scope) }, scope)
    : nothing;
  const items = name === 'edges' ? page : isListType(getNullableType(field.type)) ? usualItems : 1;
  // An item of a connection is one, though an edge leads to it.
  const isCounted = !isLeafType(inner) && !(name === 'node' && type.name.endsWith('Edge'));
  const own = cost ?? (isCounted ? 1 : 0);
  return {
    cost: items * (own + below.cost),
    repeated:
      maxTimes === undefined
        ? below.repeated && { ...below.repeated, times: below.repeated.times * items }
        : { field: name, times: items, limit: maxTimes },
  };
}

/** How many items the arguments of a connection ask for; 1 where it is none. */
function pageOf(field: GraphQLField<unknown, unknown>, node: FieldNode, { variables }: Scope): number {
  const { first, last } = argumentsOf(field, node, variables);
  const asked = [first, last].filter((each) => typeof each === 'number');
  return asked.length === 0 ? 1 : Math.max(0, Math.min(largestPage, Math.max(...asked)));
}

/** As of the largest page where they do not fit: the field refuses them. */
function argumentsOf(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: VariableValues,
): Readonly<Record<string, unknown>> {
  try {
    return getArgumentValues(field, node, variables);
  } catch {
    return { first: largestPage };
  }
}
