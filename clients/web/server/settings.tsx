import type { SyntheticEvent } from 'react';
import { useQuery } from 'urql';
import { successOf } from '../connection.ts';
import { languageName } from '../format.ts';
import { t } from '../messages/messages.ts';
import { type ConfigInput, SetConfigDocument, SettingsDocument, type SettingsQuery } from '../operations.ts';
import { useSession } from '../session.tsx';
import { act, tell } from '../toasts.tsx';

/** What jobs to come are made with, where they do not say otherwise. */
export function Settings() {
  const [{ data }] = useQuery({ query: SettingsDocument, requestPolicy: 'cache-and-network' });
  return (
    <section className="card" aria-labelledby="settings">
      <h2 id="settings">{t.settings}</h2>
      <p className="hint">{t.settingsHint}</p>
      {data && <Form key={JSON.stringify(data.config)} {...data} />}
    </section>
  );
}

function Form({ config, configOptions }: SettingsQuery) {
  const { connection } = useSession();
  const save = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const input = inputOf(new FormData(event.currentTarget), configOptions);
    act(async () => {
      successOf((await connection.change(SetConfigDocument, { input })).setConfig);
      tell(t.settingsSaved);
    });
  };
  return (
    <form onSubmit={save} className="grid">
      <label>
        {t.mode}
        <select name="mode" defaultValue={config.mode}>
          {configOptions.modes.map(({ mode, model, installed }) => (
            <option key={mode} value={mode}>
              {t.modes[mode]}
              {installed ? '' : ` (${t.notInstalled(model)})`}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.spoken}
        <select name="language" defaultValue={config.language ?? ''}>
          <option value="">{t.detect}</option>
          {configOptions.languages.map(({ code, name }) => (
            <option key={code} value={code}>
              {languageName(code, name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.computePower}
        <select name="computePower" defaultValue={config.computePower}>
          {configOptions.computePower.map((each) => (
            <option key={each} value={each}>
              {t.computePowers[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.numJobs}
        <input
          name="numJobs"
          type="number"
          required
          min={configOptions.numJobs.min}
          max={configOptions.numJobs.max}
          defaultValue={config.numJobs}
        />
      </label>
      <label>
        {t.retentionDays}
        <input name="retentionDays" type="number" min={1} max={36_500} defaultValue={config.retentionDays ?? ''} />
        <small>{t.retentionForever}</small>
      </label>
      <div>
        <label className="check">
          <input name="wordTimestamps" type="checkbox" defaultChecked={config.wordTimestamps} />
          <span>{t.wordTimestamps}</span>
        </label>
        <label className="check">
          <input name="vad" type="checkbox" defaultChecked={config.vad} />
          <span>{t.vad}</span>
        </label>
      </div>
      <div className="buttons">
        <button type="submit" className="main">
          {t.save}
        </button>
      </div>
    </form>
  );
}

function inputOf(form: FormData, options: SettingsQuery['configOptions']): ConfigInput {
  const text = (name: string) => {
    const value = form.get(name);
    return typeof value === 'string' ? value : '';
  };
  const days = Number.parseInt(text('retentionDays'), 10);
  return {
    mode: options.modes.find(({ mode }) => mode === text('mode'))?.mode,
    computePower: options.computePower.find((each) => each === text('computePower')),
    language: text('language') === '' ? null : text('language'),
    numJobs: Number(text('numJobs')),
    wordTimestamps: form.has('wordTimestamps'),
    vad: form.has('vad'),
    retentionDays: Number.isFinite(days) ? days : null,
  };
}
