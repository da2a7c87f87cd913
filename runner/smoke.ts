import { z } from 'zod';
import type { EngineReading } from '#src/context.ts';
import { runProgram, type ProgramResult } from './run-program.ts';

/** Loading takes seconds; a first start from a slow disk more. */
const limitMs = 120_000;

const text = z.string().max(2000).nullable().default(null);
const answerSchema = z.object({
  ok: z.boolean(),
  engine: text,
  versions: z.object({ fasterWhisper: text, ctranslate2: text, python: text }).partial().default({}),
  problem: text,
});

/** What the engine is tried with. */
export interface Trial {
  readonly engineCommand: readonly string[];
  readonly modelPath: string;
  readonly signal?: AbortSignal;
}

/** Has the engine really decode a second of audio: imports alone do not show a broken driver or a wrong processor. Never rejects. */
export async function smokeTest({ engineCommand, modelPath, signal }: Trial): Promise<EngineReading> {
  try {
    const options = signal === undefined ? { limitMs } : { limitMs, signal };
    return judge(await runProgram([...engineCommand, '--smoke', modelPath], options));
  } catch (error) {
    return broken(error instanceof Error ? error.message : String(error));
  }
}

function judge({ lines, exit, said, timedOut }: ProgramResult): EngineReading {
  if (exit.problem !== null) return broken(`The engine cannot be started (${exit.problem}); run \`npm run setup\`.`);
  if (timedOut) return broken(`The engine did not decode a second of audio within ${limitMs / 1000} s.`);
  const answer = answerSchema.safeParse(parseJson(lines.at(-1) ?? '')).data;
  if (answer === undefined)
    return broken(`The engine ended without an answer. ${said.split('\n').at(-1) ?? ''}`.trim());
  const { fasterWhisper = null, ctranslate2 = null, python = null } = answer.versions;
  const problem = answer.ok ? null : (answer.problem ?? 'The engine does not say what is wrong.');
  return { ready: answer.ok, engine: answer.engine, fasterWhisper, ctranslate2, python, problem };
}

function broken(problem: string): EngineReading {
  return { ready: false, engine: null, fasterWhisper: null, ctranslate2: null, python: null, problem };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // Not an answer: told as such by the caller.
  }
}
