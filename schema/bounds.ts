import {
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isListType,
  isObjectType,
} from 'graphql';
import { RequestError } from '#src/errors.ts';

/** What an argument, or a field of an input, says of its size in its `extensions`, where it is not the usual. */
interface BoundHints {
  readonly maxCharacters?: number;
  /** Checked where it is used, which tells it as InvalidInputError or with words of its own; its description says how much. */
  readonly checkedByResolver?: boolean;
}

/** For arguments whose resolver checks the size. */
export const checkedByResolver = { checkedByResolver: true } as const satisfies BoundHints;

const maxCharacters = { String: 4096, ID: 200 };
const maxItems = 1000;

/** Throws where a value, or what is in it, is larger than it may be; `path` is where it stands in the request. */
type Check = (value: unknown, path: string) => void;
type Sized = GraphQLArgument | GraphQLInputField;

/**
 * Gives every text and every list that a client may send a bound: told in its description, and checked before the field is resolved. Without one, a text of a
 * megabyte is compared with every job, and a list of 60,000 is more than a statement may have.
 */
export function boundArguments(schema: GraphQLSchema): GraphQLSchema {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  for (const type of types.filter(isInputObjectType)) Object.values(type.getFields()).forEach(tell);
  for (const type of types.filter(isObjectType)) Object.values(type.getFields()).forEach(boundField);
  return schema;
}

function boundField(field: GraphQLField<unknown, unknown>): void {
  field.args.forEach(tell);
  const check = checkOfAll(field.args);
  const key = field.subscribe ? 'subscribe' : 'resolve';
  const resolve = field[key];
  if (check === null || !resolve) return;
  field[key] = (source, args, context, info) => {
    check(args, '');
    return resolve(source, args, context, info);
  };
}

function charactersOf({ type, extensions }: Sized): number | null {
  const named = getNamedType(type).name;
  const hints: BoundHints = extensions;
  if (hints.checkedByResolver === true || (named !== 'String' && named !== 'ID')) return null;
  return hints.maxCharacters ?? maxCharacters[named];
}

function hasListBound({ type, extensions }: Sized): boolean {
  const hints: BoundHints = extensions;
  return isListType(getNullableType(type)) && hints.checkedByResolver !== true;
}

function tell(sized: Sized): void {
  const characters = charactersOf(sized);
  const bounds = [
    ...(hasListBound(sized) ? [`At most ${maxItems.toLocaleString('en')} items.`] : []),
    ...(characters === null ? [] : [`At most ${characters.toLocaleString('en')} characters.`]),
  ];
  if (bounds.length > 0) sized.description = [sized.description, ...bounds].filter(Boolean).join(' ');
}

/** Null where nothing in it needs a bound. */
function checkOf(sized: Sized): Check | null {
  const type: GraphQLInputType = getNullableType(sized.type);
  if (hasListBound(sized)) {
    return (value, path) => {
      if (!Array.isArray(value)) return;
      if (value.length > maxItems) throw tooLarge(path, `${value.length} items`, maxItems);
      const characters = charactersOf(sized);
      if (characters !== null) for (const each of value) checkText(each, path, characters);
    };
  }
  if (isInputObjectType(type)) return checkOfAll(Object.values(type.getFields()));
  const characters = charactersOf(sized);
  return characters === null ? null : (value, path) => checkText(value, path, characters);
}

/** Of the arguments of a field, or the fields of an input. */
function checkOfAll(all: readonly Sized[]): Check | null {
  const checks = all.flatMap((sized) => {
    const check = checkOf(sized);
    return check === null ? [] : [{ name: sized.name, check }];
  });
  if (checks.length === 0) return null;
  return (value, path) => {
    if (typeof value !== 'object' || value === null) return;
    const values: Readonly<Record<string, unknown>> = { ...value };
    for (const { name, check } of checks) check(values[name], path === '' ? name : `${path}.${name}`);
  };
}

function checkText(value: unknown, path: string, limit: number): void {
  if (typeof value === 'string' && value.length > limit) throw tooLarge(path, `${value.length} characters`, limit);
}

function tooLarge(path: string, size: string, limit: number): RequestError {
  return new RequestError('BAD_USER_INPUT', `${path} has ${size}; ${limit} are allowed.`);
}
