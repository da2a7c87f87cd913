import { type SyntheticEvent, useState } from 'react';
import { useQuery } from 'urql';
import { languageName } from '../format.ts';
import { t } from '../messages/messages.ts';
import { OptionsDocument, type TranscriptionMode } from '../operations.ts';
import { Dialog } from '../parts/dialog.tsx';
import { go, links } from '../route.ts';
import { useSession } from '../session.tsx';
import { act } from '../toasts.tsx';
import { drafts, type JobOptions, type Source, submit } from './drafts.ts';
import { tagsOf } from './job-actions.tsx';

const close = () => drafts.set(() => []);
const remove = (source: Source) => drafts.set((all) => all.filter((each) => each !== source));

/** Asks what to do with recordings. Everything has a default: who does not care presses the one button. */
export function NewJobs({ sources }: { readonly sources: readonly Source[] }) {
  const { connection } = useSession();
  const start = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const options = optionsOf(new FormData(event.currentTarget));
    close();
    go(links.list);
    act(() => submit(connection, sources, options));
  };
  return (
    <Dialog kind="drawer" title={t.newJobs(sources.length)} onClose={close}>
      <form onSubmit={start} className="stack">
        <ul className="plain sources">
          {sources.map((source, at) => (
            <li key={`${at} ${source.name}`}>
              <span>{source.name}</span>
              <button
                type="button"
                className="icon"
                aria-label={`${t.remove}: ${source.name}`}
                onClick={() => remove(source)}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
        <Choices />
        <div className="buttons sticky">
          <button type="submit" className="main" data-first>
            {t.start}
          </button>
          <button type="button" onClick={close}>
            {t.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Choices() {
  const [{ data }] = useQuery({ query: OptionsDocument, requestPolicy: 'cache-and-network' });
  const [mode, setMode] = useState<string>();
  const [speakers, setSpeakers] = useState('ONE');
  const modes = data?.configOptions.modes ?? [];
  const chosen = modes.find((each) => each.mode === (mode ?? data?.config.mode));
  const languages = (data?.configOptions.languages ?? [])
    .map(({ code, name }) => ({ code, name: languageName(code, name) }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  return (
    <>
      <label>
        {t.spoken}
        <select key={data === undefined ? 'none' : 'all'} name="language" defaultValue={data?.config.language ?? ''}>
          <option value="">{t.detect}</option>
          {languages.map(({ code, name }) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.mode}
        <select name="mode" value={mode ?? data?.config.mode ?? ''} onChange={({ target }) => setMode(target.value)}>
          {modes.toReversed().map((each) => (
            <option key={each.mode} value={each.mode}>
              {t.modes[each.mode]}
              {each.installed ? '' : ` (${t.notInstalled(each.model)})`}
            </option>
          ))}
        </select>
        {chosen?.installed === false && <small className="problem">{t.modelMissing}</small>}
      </label>
      <label>
        {t.speakers}
        <select name="speakers" value={speakers} onChange={({ target }) => setSpeakers(target.value)}>
          <option value="ONE">{t.speakersOne}</option>
          <option value="DETECT">{t.speakersDetect}</option>
          <option value="SPLIT">{t.speakersSplit}</option>
        </select>
      </label>
      {speakers === 'DETECT' && (
        <label>
          {t.speakersCount}
          <input name="count" type="number" min={1} max={20} placeholder={t.speakersAny} />
        </label>
      )}
      <details>
        <summary>{t.moreOptions}</summary>
        <div className="stack">
          <label>
            {t.task}
            <select name="task" defaultValue="TRANSCRIBE">
              <option value="TRANSCRIBE">{t.taskTranscribe}</option>
              <option value="TRANSLATE">{t.taskTranslate}</option>
            </select>
          </label>
          <label>
            {t.prompt}
            <textarea name="prompt" rows={3} maxLength={2000} />
            <small>{t.promptHint}</small>
          </label>
          <label>
            {t.tags}
            <input name="tags" maxLength={500} />
            <small>{t.tagsHint}</small>
          </label>
          <label className="check">
            <input name="multilingual" type="checkbox" />
            <span>{t.multilingual}</span>
          </label>
        </div>
      </details>
    </>
  );
}

const modesKnown: readonly TranscriptionMode[] = ['COMPACT', 'LOW_LATENCY', 'TURBO', 'HIGH_ACCURACY'];

/** What was chosen. What was left as it is is not sent, so that the server's own settings decide. */
function optionsOf(form: FormData): JobOptions {
  const text = (name: string) => {
    const value = form.get(name);
    return typeof value === 'string' ? value.trim() : '';
  };
  const mode = modesKnown.find((each) => each === text('mode'));
  const tags = tagsOf(text('tags'));
  return {
    language: text('language') === '' ? null : text('language'),
    ...(mode === undefined ? {} : { mode }),
    ...(text('speakers') === 'SPLIT' ? { channels: 'SPLIT' } : {}),
    ...(text('speakers') === 'DETECT' ? { diarize: true } : {}),
    ...(Number(text('count')) > 0 ? { minSpeakers: Number(text('count')), maxSpeakers: Number(text('count')) } : {}),
    ...(text('task') === 'TRANSLATE' ? { task: 'TRANSLATE' } : {}),
    ...(text('prompt') === '' ? {} : { initialPrompt: text('prompt') }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(form.has('multilingual') ? { multilingual: true } : {}),
  };
}
