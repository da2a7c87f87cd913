import type { z } from 'zod';

/** What is wrong with a value, as the end of a sentence that begins with its name: 'must be from 1 to 10'. */
export function explainIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `must ${size(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${size(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'invalid_value':
      return issue.values.length > manyValues ? issue.message : `must be one of ${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return `has no setting called ${issue.keys.join(', ')}`;
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_union':
    case 'not_multiple_of':
      return issue.message;
    default:
      return issue satisfies never;
  }
}

const manyValues = 20;

const kinds: Readonly<Partial<Record<string, string>>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  record: 'an object',
  object: 'an object',
};

const parts: Readonly<Partial<Record<string, string>>> = { string: 'character', array: 'item' };

function size(origin: string, limit: string, value: number | bigint): string {
  const part = parts[origin];
  return part === undefined
    ? `be ${limit} ${value}`
    : `have ${limit} ${value} ${part}${Number(value) === 1 ? '' : 's'}`;
}
