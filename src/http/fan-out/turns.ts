/** Does much in small portions, so that everybody else has a turn in between. */
export interface Turns {
  /** Whether, and until when, a piece of work that costs so much has to wait; undefined = it may go on at once. */
  take(cost: number): Promise<void> | undefined;
}

interface Waiting {
  readonly cost: number;
  readonly goOn: () => void;
}

/** Lets work of at most `maxCost` be done in one turn of the event loop, whoever asks for it. */
export function openTurns(maxCost: number): Turns {
  let waiting: Waiting[] = [];
  let done = 0;
  let isScheduled = false;
  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(nextTurn);
  }
  function nextTurn(): void {
    isScheduled = false;
    done = 0;
    let count = 0;
    for (; count < waiting.length && done < maxCost; count += 1) done += waiting[count]?.cost ?? 0;
    const ready = waiting.slice(0, count);
    waiting = waiting.slice(count);
    if (waiting.length > 0 || done > 0) schedule();
    for (const { goOn } of ready) goOn();
  }
  return {
    take(cost) {
      schedule();
      if (waiting.length === 0 && done < maxCost) {
        done += cost;
        return undefined;
      }
      const { promise, resolve: goOn } = Promise.withResolvers<void>();
      waiting.push({ cost, goOn });
      return promise;
    },
  };
}
