import { PhonographError } from '../js/client.ts';
import { CommandError, exitCodes } from './errors.ts';
import {
  ConfigDocument,
  type ConfigValuesFragment,
  PauseQueueDocument,
  ResumeQueueDocument,
  SetConfigDocument,
} from './operations.ts';
import { writeJson, writeTable } from './output.ts';
import { type GlobalOptions, withSession } from './session.ts';

/** `phonograph config [NAME=VALUE...]`: shows the defaults of jobs and whether the queue is paused, after changing those that are named. */
export async function configure(changes: readonly string[], options: GlobalOptions): Promise<void> {
  const { paused, ...input } = Object.fromEntries(changes.map(readChange));
  if (paused !== undefined && typeof paused !== 'boolean')
    throw new CommandError('paused is true or false.', exitCodes.usage);
  await withSession(options, async (session) => {
    const { config } = await session.ask(ConfigDocument, {});
    const unknown = Object.keys(input).find((name) => !(name in config));
    if (unknown !== undefined) {
      const known = Object.keys(config).join(', ');
      throw new CommandError(`There is no setting ${unknown}.`, exitCodes.usage, `There are ${known}.`);
    }
    if (changes.length === 0) return show(config, options);
    if (Object.keys(input).length > 0) {
      const { setConfig: result } = await session.ask(SetConfigDocument, { input });
      if (result.__typename !== 'SetConfigSuccess') throw new PhonographError(result);
    }
    if (paused === true) await session.ask(PauseQueueDocument, {});
    if (paused === false) await session.ask(ResumeQueueDocument, {});
    return show((await session.ask(ConfigDocument, {})).config, options);
  });
}

/** Values are JSON where they can be, such as 2, true or null, which takes a change back; else words, such as TURBO or de. */
function readChange(change: string): readonly [string, unknown] {
  const [, name, value] = /^(?<name>\w+)=(?<value>.*)$/su.exec(change) ?? [];
  if (name === undefined || value === undefined) {
    throw new CommandError(`${change} is no NAME=VALUE.`, exitCodes.usage, 'Such as: phonograph config numJobs=2');
  }
  return [name, /^(?:-?\d+|true|false|null)$/u.test(value) ? JSON.parse(value) : value];
}

function show(config: ConfigValuesFragment, { json }: GlobalOptions): void {
  if (json === true) return writeJson(config);
  const rows = Object.entries(config).map(([name, value]) => [name, String(value)]);
  return writeTable(['SETTING', 'VALUE'], rows);
}
