import { openStore, type Store } from '../store.ts';

/** What is played, and where it is. */
interface Playback {
  readonly seconds: number;
  readonly durationSeconds: number;
  readonly isPlaying: boolean;
  readonly speed: number;
  readonly hasVideo: boolean;
  readonly isUnplayable: boolean;
}

/** A recording that is played by a media element. */
export interface Player extends Pick<Store<Playback>, 'get' | 'subscribe'> {
  /** Gives it its element; what comes back takes it away. */
  readonly attach: (element: HTMLVideoElement) => () => void;
  readonly toggle: () => void;
  /** Fetches the recording again where it could not be played: its server may have been away. */
  readonly retry: () => void;
  readonly seek: (seconds: number) => void;
  /** Goes to a place and plays from there. */
  readonly playFrom: (seconds: number) => void;
  readonly setSpeed: (speed: number) => void;
}

export const speeds = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

const keptSpeed = 'phonograph.speed';

export function openPlayer(): Player {
  const store = openStore<Playback>({
    seconds: 0,
    durationSeconds: 0,
    isPlaying: false,
    speed: Number(localStorage.getItem(keptSpeed) ?? 1),
    hasVideo: false,
    isUnplayable: false,
  });
  let element: HTMLVideoElement | null = null;
  let frame = 0;
  /** Where to begin, where one has gone to a place before the recording was there. */
  let wanted: number | null = null;

  const look = () => {
    if (element === null) return;
    const { currentTime, duration, paused } = element;
    const durationSeconds = Number.isFinite(duration) ? duration : 0;
    store.set((now) => {
      const next = { ...now, seconds: currentTime, durationSeconds, isPlaying: !paused };
      const isSame =
        now.seconds === currentTime && now.durationSeconds === durationSeconds && now.isPlaying === !paused;
      return isSame ? now : next;
    });
    cancelAnimationFrame(frame);
    if (!paused) frame = requestAnimationFrame(look);
  };
  const onMetadata = () => {
    if (element === null) return;
    const { videoWidth } = element;
    element.playbackRate = store.get().speed;
    if (wanted !== null) element.currentTime = wanted;
    wanted = null;
    store.set((now) => ({ ...now, hasVideo: videoWidth > 0, isUnplayable: false }));
    look();
  };
  const onError = () => store.set((now) => ({ ...now, isUnplayable: true, isPlaying: false }));
  const start = () => {
    // Refused where the browser wants a click first, or cannot play it: then the error is told by its event.
    element?.play().catch(() => {});
  };
  const seek = (seconds: number) => {
    if (element === null || element.readyState === 0) wanted = seconds;
    else element.currentTime = Math.max(0, Math.min(seconds, element.duration || seconds));
    store.set((now) => ({ ...now, seconds }));
  };
  const events = {
    loadedmetadata: onMetadata,
    durationchange: look,
    timeupdate: look,
    play: look,
    pause: look,
    seeked: look,
    error: onError,
  };

  return {
    get: store.get,
    subscribe: store.subscribe,
    attach(given) {
      element = given;
      for (const [name, handle] of Object.entries(events)) given.addEventListener(name, handle);
      return () => {
        cancelAnimationFrame(frame);
        for (const [name, handle] of Object.entries(events)) given.removeEventListener(name, handle);
        given.pause();
        element = null;
      };
    },
    toggle: () => (element?.paused === false ? element.pause() : start()),
    retry() {
      if (element === null || element.error === null) return;
      wanted ??= store.get().seconds;
      element.load();
    },
    seek,
    playFrom(seconds) {
      seek(seconds);
      start();
    },
    setSpeed(speed) {
      localStorage.setItem(keptSpeed, String(speed));
      if (element) element.playbackRate = speed;
      store.set((now) => ({ ...now, speed }));
    },
  };
}
