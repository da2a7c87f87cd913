import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  execute,
  getNamedType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isRequiredArgument,
  isRequiredInputField,
  parse,
  subscribe,
} from 'graphql';
import { type Role, roles } from '#src/config/api-key.ts';
import { roleTable } from '#src/testing/role-table.ts';
import { schema } from './index.ts';
import { allows, scopeOf } from './scopes.ts';

type Field = GraphQLField<unknown, unknown>;

const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
  (type): type is GraphQLObjectType => type !== undefined && type !== null,
);
const fields = roots.flatMap((root) => Object.values(root.getFields()).map((field) => ({ root, field })));

test('every field of Query, Mutation and Subscription stands in the table of roles', () => {
  const named = Object.keys(roleTable).filter((place) => !place.startsWith('/'));
  assert.deepEqual(named.toSorted(), fields.map(({ root, field }) => `${root.name}.${field.name}`).toSorted());
});

for (const { root, field } of fields) {
  const place = `${root.name}.${field.name}`;
  for (const role of roles) {
    const cell = roleTable[place]?.[role] ?? 'no';
    test(`${place} for ${role}: ${cell}`, async () => {
      assert.equal(allows(scopeOf(field), role), cell !== 'no');
      assert.equal(await isForbidden(root, field, role), cell === 'no');
    });
  }
}

/** Whether an operation of this one field is answered with FORBIDDEN. What else is wrong with it, such as that nothing is there to work with, is another matter. */
async function isForbidden(root: GraphQLObjectType, field: Field, role: Role): Promise<boolean> {
  const document = parse(`${root.name.toLowerCase()} { ${callOf(field)} }`);
  const contextValue = { caller: { name: 'somebody', role, keyId: 'key_1' }, keys: { isCaller: () => true } };
  const run = root === schema.getSubscriptionType() ? subscribe : execute;
  const result = await run({ schema, document, contextValue });
  if (Symbol.asyncIterator in result) return false;
  return (result.errors ?? []).some(
    ({ originalError }) => originalError !== undefined && 'code' in originalError && originalError.code === 'FORBIDDEN',
  );
}

/** The field with what it must be given, and the least of what it answers. */
function callOf(field: Field): string {
  const given = field.args.filter((arg: GraphQLArgument) => isRequiredArgument(arg));
  const args = given.map(({ name, type }) => `${name}: ${valueOf(type)}`);
  const selection = isLeafType(getNamedType(field.type)) ? '' : '{ __typename }';
  return `${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''} ${selection}`;
}

function valueOf(type: GraphQLInputType): string {
  const named = getNamedType(type);
  if (isListType(type)) return '[]';
  if (isEnumType(named)) return named.getValues()[0]?.name ?? '';
  if (['Int', 'Float', 'SafeInt'].includes(named.name)) return '1';
  if (!isInputObjectType(named)) return '"x"';
  const all = Object.values(named.getFields());
  const some = named.isOneOf ? all.slice(0, 1) : all.filter((each) => isRequiredInputField(each));
  return `{ ${some.map((each) => `${each.name}: ${valueOf(each.type)}`).join(', ')} }`;
}

test('docs/security.md shows the table', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/security.md'), 'utf8');
  const rows = Object.entries(roleTable).map(
    ([place, cells]) => `| \`${place}\` | ${roles.map((role) => cells[role]).join(' | ')} |`,
  );
  const table = [`| | ${roles.join(' | ')} |`, '|---|---|---|---|', ...rows].join('\n');
  assert.ok(page.includes(table), `docs/security.md lacks this table:\n${table}`);
});
