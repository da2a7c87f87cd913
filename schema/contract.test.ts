import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  BreakingChangeType,
  buildSchema,
  findSchemaChanges,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  lexicographicSortSchema,
  print,
  printSchema,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { schema } from './index.ts';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const contract = buildSchema(read('contract.graphql'));
const printed = printSchema(lexicographicSortSchema(schema));
const ours = flatten(buildSchema(printed));
const theirs = flatten(contract);

test('the committed schema.graphql is the schema', () => {
  assert.equal(`${printed}\n`, read('schema.graphql'), 'print it anew with: npm run schema');
});

test('the schema has all of the contract, with the same kind, type, nullability, arguments and defaults', () => {
  assert.deepEqual(pick(ours, [...theirs.keys()]), pick(theirs, [...theirs.keys()]));
});

test('what the schema has beyond the contract is optional for clients', () => {
  const more = [...ours].filter(
    ([place, shape]) => !theirs.has(place) && shape.startsWith('input') && shape.includes('!'),
  );
  assert.deepEqual(more, []);
});

test('nothing breaks for who was written against version 1 but what had to', () => {
  const changes = findSchemaChanges(buildSchema(read('version-1.graphql')), schema);
  const breaking = changes.filter(({ type }) => type in BreakingChangeType).map(({ description }) => description);
  // They could not be selected together with others of their name.
  assert.deepEqual(breaking, [
    'Field JobTranscriptCleared.attempt changed type from Int! to Int.',
    'Field ModelInUseError.model was removed.',
    'Field ModelNotInstalledError.model was removed.',
  ]);
});

test('fields of one name can be selected together in every union, in JobEvent and in Error', () => {
  const groups = namedTypes(schema).flatMap((type) => {
    if (isUnionType(type)) return [type.getTypes()];
    return isInterfaceType(type) && type.name !== 'Node' ? [schema.getPossibleTypes(type)] : [];
  });
  assert.ok(groups.length > 5);
  for (const members of groups) {
    const fields = members.flatMap((type) => Object.values(type.getFields()));
    for (const [name, same] of Map.groupBy(fields, (field) => field.name)) {
      const types = new Set(same.map(({ type }) => String(type)));
      assert.equal(types.size, 1, `${members.map(String).join(' | ')}: ${name} is ${[...types].join(' and ')}`);
    }
  }
});

test('every type, field, argument and enum value has a description', () => {
  const silent = describedPlaces(schema)
    .filter(([, description]) => (description ?? '').trim().length < 4)
    .map(([place]) => place);
  assert.deepEqual(silent, []);
});

/** Every place of a schema, such as `Job.status` or `Query.jobs(first)`, with its shape. */
function flatten(from: GraphQLSchema): ReadonlyMap<string, string> {
  return new Map(namedTypes(from).flatMap((type) => [[type.name, kindOf(type)] as const, ...membersOf(type)]));
}

function membersOf(type: GraphQLNamedType): readonly (readonly [string, string])[] {
  const { name } = type;
  if (isEnumType(type)) return type.getValues().map((value) => [`${name}.${value.name}`, 'value'] as const);
  if (isUnionType(type)) return type.getTypes().map((member) => [`${name} = ${member.name}`, 'member'] as const);
  if (isInputObjectType(type))
    return Object.values(type.getFields()).map((field) => [`${name}.${field.name}`, inputShape(field)]);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  const interfaces = type.getInterfaces().map((each) => [`${name} implements ${each.name}`, 'interface'] as const);
  return [...interfaces, ...Object.values(type.getFields()).flatMap((field) => fieldPlaces(name, field))];
}

function fieldPlaces(typeName: string, field: GraphQLField<unknown, unknown>): readonly (readonly [string, string])[] {
  const place = `${typeName}.${field.name}`;
  return [[place, String(field.type)], ...field.args.map((arg) => [`${place}(${arg.name})`, inputShape(arg)] as const)];
}

function inputShape(input: GraphQLArgument | GraphQLInputField): string {
  const { type, default: initial } = input;
  return `input ${String(type)}${initial?.literal === undefined ? '' : ` = ${print(initial.literal)}`}`;
}

function kindOf(type: GraphQLNamedType): string {
  return isInputObjectType(type) && type.isOneOf ? 'oneOf' : type.constructor.name;
}

function namedTypes(from: GraphQLSchema): readonly GraphQLNamedType[] {
  return Object.values(from.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
}

function pick(places: ReadonlyMap<string, string>, keys: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(keys.map((key) => [key, places.get(key)]));
}

function describedPlaces(from: GraphQLSchema): readonly (readonly [string, string | null | undefined])[] {
  return namedTypes(from).flatMap((type) => {
    const { name } = type;
    const own = [name, type.description] as const;
    if (isEnumType(type))
      return [own, ...type.getValues().map((value) => [`${name}.${value.name}`, value.description] as const)];
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return [own];
    const fields: readonly (GraphQLField<unknown, unknown> | GraphQLInputField)[] = Object.values(type.getFields());
    return [
      own,
      ...fields.map((field) => [`${name}.${field.name}`, field.description] as const),
      ...fields.flatMap((field) =>
        'args' in field
          ? field.args.map((arg) => [`${name}.${field.name}(${arg.name})`, arg.description] as const)
          : [],
      ),
    ];
  });
}
