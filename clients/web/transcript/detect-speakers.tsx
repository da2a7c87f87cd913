import { type SyntheticEvent, useState } from 'react';
import { PhonographError } from '../../js/client.ts';
import { successOf } from '../connection.ts';
import { t } from '../messages/messages.ts';
import { DetectSpeakersDocument } from '../operations.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useSession } from '../session.tsx';
import { tell } from '../toasts.tsx';
import type { LiveTranscript } from './live-transcript.ts';

interface DetectProps {
  readonly live: LiveTranscript;
  readonly onClose: () => void;
}

/** Has the speakers told apart anew, with how many there are at least and at most. */
export function DetectSpeakers({ live, onClose }: DetectProps) {
  const { connection } = useSession();
  const [isWorking, setWorking] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const { job } = live.get();
  if (job === null) return null;
  const detect = async (bounds: Bounds) => {
    setWorking(true);
    setProblem(null);
    try {
      const result = await connection.change(DetectSpeakersDocument, { jobId: job.id, ...bounds });
      const { job: retold } = successOf(result.detectSpeakers);
      live.put(retold);
      tell(t.detectedSpeakers(retold.speakers.length));
      onClose();
    } catch (error) {
      setProblem(error);
    } finally {
      setWorking(false);
    }
  };
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [minSpeakers, maxSpeakers] = ['least', 'most'].map((name) => Number(form.get(name)) || null);
    detect({ minSpeakers, maxSpeakers }).catch(setProblem);
  };
  return (
    <Dialog title={t.detectSpeakers} onClose={onClose}>
      <form onSubmit={submit} className="stack">
        <p className="hint">{t.detectSpeakersHint}</p>
        <div className="side-by-side">
          <Bound name="least" label={t.detectSpeakersLeast} value={job.options.minSpeakers} />
          <Bound name="most" label={t.detectSpeakersMost} value={job.options.maxSpeakers} />
        </div>
        {problem !== null && (
          <p className="problem" role="alert">
            {problem instanceof PhonographError ? `${problem.message} ${problem.hint ?? ''}` : t.connectionLost}
          </p>
        )}
        <p role="status" className="hint">
          {isWorking && t.detectingSpeakers}
        </p>
        {isWorking && <progress aria-label={t.detectSpeakers} />}
        <div className="buttons">
          <button type="submit" className="main" disabled={isWorking}>
            {t.detectSpeakersNow}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface Bounds {
  readonly minSpeakers?: number | null | undefined;
  readonly maxSpeakers?: number | null | undefined;
}

function Bound({
  name,
  label,
  value,
}: {
  readonly name: string;
  readonly label: string;
  readonly value: number | null;
}) {
  return (
    <label>
      {label}
      <input name={name} type="number" min={1} max={20} defaultValue={value ?? ''} placeholder={t.speakersAny} />
    </label>
  );
}
