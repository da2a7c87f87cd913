import { setTimeout as sleep } from 'node:timers/promises';
import { PhonographError } from '../js/client.ts';
import { CommandError } from './errors.ts';
import {
  CancelDownloadDocument,
  DownloadModelDocument,
  type ModelLineFragment,
  ModelsDocument,
  RemoveModelDocument,
} from './operations.ts';
import { writeJson, writeLine, writeTable } from './output.ts';
import { openScreen } from './screen.ts';
import { type GlobalOptions, openSession, type Session, withSession } from './session.ts';
import { openInterrupt } from './transcribe/interrupt.ts';

/** `phonograph models` */
export async function listModels(options: GlobalOptions): Promise<void> {
  await withSession(options, async (session) => {
    const { models, configOptions } = await session.ask(ModelsDocument, {});
    if (options.json === true) return models.forEach(writeJson);
    const modesOf = (id: string) => configOptions.modes.filter(({ model }) => model === id).map(({ mode }) => mode);
    const rows = models.map((model) => [
      model.id,
      stateOf(model),
      sizeOf(model.bytes),
      modesOf(model.id).join(', '),
      model.languages,
    ]);
    return writeTable(['MODEL', 'STATE', 'SIZE', 'MODE', 'LANGUAGES'], rows);
  });
}

function stateOf({ installed, downloading, problem }: ModelLineFragment): string {
  if (installed) return 'installed';
  if (downloading !== null) return `${Math.floor(downloading * 100)} %`;
  return problem === null ? 'not installed' : 'failed';
}

function sizeOf(bytes: number | null): string {
  return bytes === null ? '' : `${(bytes / 1_000_000).toFixed(0)} MB`;
}

/** Between two looks at how far a download is. */
const lookMs = 500;

/** `phonograph models download MODEL`: until it is there. What was fetched of one that is interrupted is kept by the server. */
export async function downloadModel(id: string, options: GlobalOptions): Promise<void> {
  using screen = openScreen();
  using interrupt = openInterrupt(screen);
  const say = (text: string) => options.json === true || screen.line(text);
  await using session = await openSession(options, { signal: interrupt.leave, say });
  const { downloadModel: result } = await session.ask(DownloadModelDocument, { id });
  if (result.__typename !== 'DownloadModelSuccess') throw new PhonographError(result);
  try {
    for await (const model of lookAt(id, session)) {
      if (options.json === true) writeJson(model);
      screen.show(
        [{ name: id, what: sizeOf(model.bytes), fraction: model.downloading, etaSeconds: null, text: '' }],
        '',
      );
      if (model.problem !== null && model.downloading === null) throw new CommandError(model.problem);
    }
  } catch (error) {
    if (interrupt.leave.aborted && !session.isOwn) await session.client.ask(CancelDownloadDocument, { id });
    throw error;
  }
  if (options.json !== true) writeLine(`${id} is installed.`);
}

async function* lookAt(id: string, session: Session): AsyncGenerator<ModelLineFragment> {
  for (;;) {
    const { models } = await session.ask(ModelsDocument, {});
    const model = models.find((each) => each.id === id);
    if (model === undefined) throw new CommandError(`There is no model ${id}.`);
    yield model;
    if (model.installed) return;
    await sleep(lookMs, undefined, { signal: session.signal });
  }
}

/** `phonograph models remove MODEL` */
export async function removeModel(id: string, options: GlobalOptions): Promise<void> {
  await withSession(options, async (session) => {
    const { removeModel: result } = await session.ask(RemoveModelDocument, { id });
    if (result.__typename !== 'RemoveModelSuccess') throw new PhonographError(result);
    if (options.json === true) writeJson({ id, installed: false });
    else writeLine(`${id} is removed.`);
  });
}
