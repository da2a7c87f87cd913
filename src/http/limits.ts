import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  parse,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** 2,000 tokens of nested brackets overflow the stack of graphql's parser; 1,000 do not. */
const maxTokens = 1000;
const maxDepth = 12;
const maxAliases = 30;
const maxRootFields = 20;

/** Bounds what one document may ask for, on HTTP and on WebSocket alike, since both parse and validate through Yoga. */
export function useLimits(): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: Parameters<typeof parse>[0], options: object) => parse(source, { ...options, maxTokens }));
    },
    onValidate({ addValidationRule }) {
      addValidationRule(boundedRule);
    },
  };
}

/** Of a selection with its fragments; `fields` are those of its own level. */
interface Size {
  readonly depth: number;
  readonly aliases: number;
  readonly fields: number;
}

function boundedRule(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      const { depth, aliases, fields } = measure(operation.selectionSet, context, new Map());
      const over = [
        depth > maxDepth && `depth ${depth} is above ${maxDepth}`,
        aliases > maxAliases && `${aliases} aliases are above ${maxAliases}`,
        fields > maxRootFields && `${fields} root fields are above ${maxRootFields}`,
      ].filter((reason) => reason !== false);
      if (over.length === 0) return;
      context.reportError(
        new GraphQLError(`The operation asks for too much: ${over.join(', ')}.`, {
          nodes: operation,
          extensions: { code: 'QUERY_TOO_COMPLEX', http: { status: 400 } },
        }),
      );
    },
  };
}

/** Each fragment is measured once, or fragments that name each other twice would double the work at every step. */
type Measured = Map<FragmentDefinitionNode, Size>;

function measure({ selections }: SelectionSetNode, context: ValidationContext, measured: Measured): Size {
  return selections.map((selection) => measureOne(selection, context, measured)).reduce(join, nothing);
}

function measureOne(selection: SelectionNode, context: ValidationContext, measured: Measured): Size {
  if (selection.kind === Kind.INLINE_FRAGMENT) return measure(selection.selectionSet, context, measured);
  if (selection.kind === Kind.FRAGMENT_SPREAD) {
    const fragment = context.getFragment(selection.name.value);
    if (!fragment) return nothing;
    const known = measured.get(fragment);
    if (known !== undefined) return known;
    // A circle of fragments ends here; graphql's own rules refuse it.
    measured.set(fragment, nothing);
    const size = measure(fragment.selectionSet, context, measured);
    measured.set(fragment, size);
    return size;
  }
  // Introspection counts nothing, or GraphiQL would break; it cannot loop through our data.
  if (selection.name.value.startsWith('__')) return nothing;
  const inner = selection.selectionSet ? measure(selection.selectionSet, context, measured) : nothing;
  return { depth: inner.depth + 1, aliases: inner.aliases + (selection.alias ? 1 : 0), fields: 1 };
}

const nothing: Size = { depth: 0, aliases: 0, fields: 0 };

function join(one: Size, other: Size): Size {
  return {
    depth: Math.max(one.depth, other.depth),
    aliases: one.aliases + other.aliases,
    fields: one.fields + other.fields,
  };
}
