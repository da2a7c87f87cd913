import { z } from 'zod';
import type { EngineReading } from '#src/operations/health.ts';
import { type EngineKind, kindArguments } from './engine-request.ts';
import { type ProgramResult, runProgram } from './process/run-program.ts';

/** Loading takes seconds; a first start from a slow disk more. */
const limitMs = 120_000;

const text = z.string().max(2000);
/** The engine's only line: see runner/engine/PROTOCOL.md. */
const answerSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('smoke'),
    ok: z.boolean(),
    text,
    engine: text,
    versions: z.object({ fasterWhisper: text, ctranslate2: text, python: text }),
  }),
  z.object({ type: z.literal('error'), message: text }),
]);

/** What the engine is tried with. */
export interface Trial {
  readonly engineCommand: readonly string[];
  readonly kind: EngineKind;
  readonly signal?: AbortSignal;
}

/**
 * Has the engine really decode a few seconds of speech on the device that jobs will use: imports alone do not show a broken driver or a wrong processor.
 * Never rejects.
 */
export async function smokeTest({ engineCommand, kind, signal }: Trial): Promise<EngineReading> {
  try {
    const options = signal === undefined ? { limitMs } : { limitMs, signal };
    return judge(await runProgram([...engineCommand, '--smoke', kind.model.path, ...kindArguments(kind)], options));
  } catch (error) {
    return broken(error instanceof Error ? error.message : String(error));
  }
}

function judge({ lines, exit, said, timedOut }: ProgramResult): EngineReading {
  if (exit.problem !== null) return broken(`The engine cannot be started (${exit.problem}); run \`npm run setup\`.`);
  if (timedOut) return broken(`The engine did not decode a few seconds of speech within ${limitMs / 1000} s.`);
  const answer = answerSchema.safeParse(parseJson(lines.at(-1) ?? '')).data;
  if (answer === undefined)
    return broken(`The engine ended without an answer. ${said.split('\n').at(-1) ?? ''}`.trim());
  if (answer.type === 'error') return broken(answer.message);
  const { ok, engine, versions } = answer;
  const problem = ok ? null : `The engine does not hear what is said in its sample; it heard "${answer.text}".`;
  return { ready: ok, engine, ...versions, problem };
}

/** The reading of an engine that cannot do its work. */
export function broken(problem: string): EngineReading {
  return { ready: false, engine: null, fasterWhisper: null, ctranslate2: null, python: null, problem };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // Not an answer: told as such by the caller.
  }
}
