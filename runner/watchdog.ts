/** Watches that an engine keeps talking and comes to an end. */
export interface Watchdog extends Disposable {
  /** The engine has said something. */
  reset(): void;
  /** The server itself holds the engine up, such as by a slow disk: its silence does not count until the end of `work`. */
  excuse<T>(work: Promise<T>): Promise<T>;
}

/** What is watched for, and whom to tell. */
export interface Watch {
  readonly silenceSeconds: number;
  /** How long the whole may take; read anew at each look, since the length of the recording becomes known on the way. */
  readonly limitSeconds: () => number;
  readonly onHalt: (halt: 'stalled' | 'timeout') => void;
}

/** Silence is counted in this many looks, so that a server which was itself stopped for a while does not blame the engine. */
const checks = 10;

/** Starts to watch. Uses the monotonic clock alone: a wall clock that jumps changes nothing. */
export function startWatchdog({ silenceSeconds, limitSeconds, onHalt }: Watch): Watchdog {
  const start = performance.now();
  let quietLooks = 0;
  let excuses = 0;
  const timer = setInterval(
    () => {
      quietLooks = excuses > 0 ? 0 : quietLooks + 1;
      if (quietLooks >= checks) onHalt('stalled');
      else if (performance.now() - start > limitSeconds() * 1000) onHalt('timeout');
    },
    (silenceSeconds * 1000) / checks,
  );
  return {
    reset: () => {
      quietLooks = 0;
    },
    async excuse(work) {
      excuses += 1;
      try {
        return await work;
      } finally {
        excuses -= 1;
        quietLooks = 0;
      }
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** What is known of a recording's length, in seconds. */
export interface Length {
  readonly knownSeconds: number;
  /** Whether it was decoded to its end; before that it may turn out longer. */
  readonly isFinal: boolean;
}

const leastSeconds = 600;
const leastUnknownSeconds = 3600;
/** Slower than a large model on a small CPU: the limit is there for what never ends. */
const secondsPerSecond = 20;

/** How long a job may take whose recording has this length. */
export function timeLimitSeconds({ knownSeconds, isFinal }: Length): number {
  return Math.max(isFinal ? leastSeconds : leastUnknownSeconds, secondsPerSecond * knownSeconds);
}
