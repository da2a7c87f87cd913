import type { z } from 'zod';
import { explainIssue } from '#src/config/explain-issue.ts';
import { InvalidInputError } from '#src/errors.ts';

/** The argument `input` as its schema lets it through. Throws InvalidInputError with the path of the first value that is not allowed. */
export function checkInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = ['input', ...(issue?.path ?? [])].join('.');
  throw new InvalidInputError(field, `${field} ${issue ? explainIssue(issue) : 'is not valid'}.`);
}
