import { useEffect, useRef } from 'react';
import { addressOf } from '../connection.ts';
import { clock } from '../format.ts';
import { language, t } from '../messages/messages.ts';
import { useSession } from '../session.tsx';
import { useStore } from '../store.ts';
import type { Job } from './live-transcript.ts';
import { type Player, speeds } from './player.ts';
import { Waveform } from './waveform.tsx';

interface BarProps {
  readonly player: Player;
  readonly job: Job;
  readonly isFollowing: boolean;
  readonly onFollow: (isFollowing: boolean) => void;
}

const skipSeconds = 10;

/** The recording: its picture where it has one, its waveform, and what plays it. */
export function PlayerBar({ player, job, isFollowing, onFollow }: BarProps) {
  const element = useRef<HTMLVideoElement>(null);
  const { seconds, durationSeconds, isPlaying, speed, hasVideo, isUnplayable } = useStore(player);
  const { times } = useStore(useSession().connection.reach);
  const { url, peaks } = job.media;
  useEffect(() => (element.current === null ? undefined : player.attach(element.current)), [player, url]);
  useEffect(() => player.retry(), [player, times]);
  if (url === null) return <p className="player hint">{t.mediaGone}</p>;
  const length = durationSeconds || (job.media.durationSeconds ?? 0);
  return (
    <section className={hasVideo ? 'player has-video' : 'player'} aria-label={t.position}>
      <video
        ref={element}
        src={addressOf(url)}
        preload="metadata"
        playsInline
        hidden={!hasVideo}
        onClick={player.toggle}
      >
        {hasVideo && job.status === 'COMPLETED' && (
          <track
            key={job.updatedAt}
            default
            kind="subtitles"
            srcLang={job.language?.code ?? language}
            src={addressOf(job.subtitlesUrl)}
          />
        )}
      </video>
      {isUnplayable ? (
        <p className="problem" role="alert">
          {t.cannotPlay}{' '}
          <a href={addressOf(url)} download={job.media.name}>
            {t.fetchRecording}
          </a>
        </p>
      ) : (
        <div className="controls">
          <button
            type="button"
            className="icon"
            aria-label={t.back10}
            onClick={() => player.seek(Math.max(0, seconds - skipSeconds))}
          >
            <Icon path="M11 6 5 12l6 6M19 6l-6 6 6 6" />
          </button>
          <button type="button" className="play" aria-label={isPlaying ? t.pause : t.play} onClick={player.toggle}>
            <Icon path={isPlaying ? 'M8 5v14M16 5v14' : 'M8 5l11 7-11 7z'} filled={!isPlaying} />
          </button>
          <button
            type="button"
            className="icon"
            aria-label={t.forward10}
            onClick={() => player.seek(seconds + skipSeconds)}
          >
            <Icon path="m13 6 6 6-6 6M5 6l6 6-6 6" />
          </button>
          <Waveform player={player} peaks={peaks} durationSeconds={length} />
          <span className="clock">
            {clock(seconds)} / {clock(length)}
          </span>
          <select aria-label={t.speed} value={speed} onChange={({ target }) => player.setSpeed(Number(target.value))}>
            {speeds.map((each) => (
              <option key={each} value={each}>
                {each.toLocaleString()} ×
              </option>
            ))}
          </select>
          <label className="check">
            <input type="checkbox" checked={isFollowing} onChange={({ target }) => onFollow(target.checked)} />
            <span>{t.follow}</span>
          </label>
        </div>
      )}
    </section>
  );
}

function Icon({ path, filled = false }: { readonly path: string; readonly filled?: boolean }) {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path
        d={path}
        fill={filled ? 'currentColor' : 'none'}
        stroke="currentColor"
        strokeWidth="2.2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
