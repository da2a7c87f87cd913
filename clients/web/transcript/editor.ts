import { PhonographError } from '../../js/client.ts';
import { type Connection, successOf } from '../connection.ts';
import { EditSegmentsDocument, RevertSegmentsDocument, type SegmentEdit } from '../operations.ts';
import { openStore, type Store } from '../store.ts';
import { tellError } from '../toasts.tsx';
import type { LiveTranscript, Segment } from './live-transcript.ts';

/** What somebody changes of a segment; what is absent stays. */
export type Change = Omit<SegmentEdit, 'index'>;

/** What has been changed, and whether the server has it. */
export interface Edits {
  /** By the index of the segment: what the server does not have yet. */
  readonly unsaved: ReadonlyMap<number, Change>;
  readonly isSaving: boolean;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

/** Corrects a transcript. What is changed is shown at once, kept in this browser, and saved a moment later. */
export interface Editor extends Pick<Store<Edits>, 'get' | 'subscribe'> {
  /** Changes segments, as one step of undo. Typing on in one segment stays one step. */
  readonly edit: (changes: ReadonlyMap<number, Change>) => void;
  readonly undo: () => void;
  readonly redo: () => void;
  /** Back to what the engine heard. */
  readonly revert: (index: number) => Promise<void>;
  /** Saves now what is not saved yet. */
  readonly flush: () => void;
  readonly close: () => void;
}

/** Which segments changed, and what they were and became. */
type Step = ReadonlyMap<number, { readonly before: Change; readonly after: Change }>;

/** Somebody who types pauses about so long between words. */
const pauseMs = 500;
/** While the server is away. */
const againMs = 2000;
/** The most that editSegments takes. */
const atOnce = 500;
/** Who undoes more has another plan. */
const keptSteps = 200;

export function openEditor(connection: Connection, id: string, live: LiveTranscript): Editor {
  const keptAs = `phonograph.edits ${id}`;
  const store = openStore<Edits>({ unsaved: restored(keptAs), isSaving: false, canUndo: false, canRedo: false });
  let [done, undone]: [Step[], Step[]] = [[], []];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;
  /** What was seen when the first of the unsaved changes was made; null for those of an earlier visit. */
  let seenSeq: number | null = null;

  const shown = (index: number): Segment | undefined => {
    const segment = live.get().segments[index];
    return segment && overlaid(segment, store.get().unsaved.get(index));
  };
  const set = (changes: Iterable<readonly [number, Change]>) => {
    if (store.get().unsaved.size === 0) seenSeq = live.seenSeq();
    store.set((now) => {
      const unsaved = new Map(now.unsaved);
      for (const [index, change] of changes) unsaved.set(index, { ...unsaved.get(index), ...change });
      return { ...now, unsaved, canUndo: done.length > 0, canRedo: undone.length > 0 };
    });
    keep(keptAs, store.get().unsaved);
    saveIn(pauseMs);
  };
  const saveIn = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      save().catch(tellError);
    }, ms);
  };

  async function save(): Promise<void> {
    clearTimeout(timer);
    const batch = [...store.get().unsaved]
      .filter(([, { text }]) => text === undefined || text?.trim() !== '')
      .slice(0, atOnce);
    if (batch.length === 0 || store.get().isSaving) return;
    store.set((now) => ({ ...now, isSaving: true }));
    let waitMs = pauseMs;
    try {
      const edits = batch.map(([index, change]) => ({ index, ...change }));
      const result = await connection.change(EditSegmentsDocument, {
        jobId: id,
        edits,
        seenSeq: seenSeq ?? live.seenSeq(),
      });
      live.putSegments(successOf(result.editSegments).segments);
      settle(batch);
    } catch (error) {
      if (error instanceof PhonographError) {
        // It will not be taken the next time either; what the server has is shown again.
        settle(batch);
        tellError(error);
      } else waitMs = againMs;
    } finally {
      store.set((now) => ({ ...now, isSaving: false }));
      if (store.get().unsaved.size > 0 && !isClosed) saveIn(waitMs);
    }
  }

  /** Forgets what is saved; what was changed further meanwhile stays. */
  const settle = (batch: readonly (readonly [number, Change])[]) => {
    store.set((now) => {
      const saved = new Set(batch.flatMap(([index, change]) => (now.unsaved.get(index) === change ? [index] : [])));
      return { ...now, unsaved: new Map([...now.unsaved].filter(([index]) => !saved.has(index))) };
    });
    keep(keptAs, store.get().unsaved);
  };

  const stepOf = (changes: ReadonlyMap<number, Change>): Step =>
    new Map(
      [...changes].flatMap(([index, after]) => {
        const segment = shown(index);
        return segment ? [[index, { before: partOf(segment, after), after }] as const] : [];
      }),
    );
  if (store.get().unsaved.size > 0) saveIn(pauseMs);
  let { clearings } = live.get();
  const unwatch = live.subscribe(() => {
    if (live.get().clearings === clearings) return;
    ({ clearings } = live.get());
    // The segments that they were made in are others now.
    [done, undone] = [[], []];
    store.set((now) => ({ ...now, canUndo: false, canRedo: false }));
  });

  return {
    get: store.get,
    subscribe: store.subscribe,
    edit(changes) {
      const step = stepOf(changes);
      const last = done.at(-1);
      const joined = last && undone.length === 0 ? joinedStep(last, step) : null;
      done = joined === null ? [...done.slice(-keptSteps), step] : [...done.slice(0, -1), joined];
      undone = [];
      set(changes);
    },
    undo() {
      const step = done.pop();
      if (step === undefined) return;
      undone.push(step);
      set([...step].map(([index, { before }]) => [index, before]));
    },
    redo() {
      const step = undone.pop();
      if (step === undefined) return;
      done.push(step);
      set([...step].map(([index, { after }]) => [index, after]));
    },
    async revert(index) {
      await save();
      const variables = { jobId: id, indexes: [index], seenSeq: live.seenSeq() };
      live.putSegments(successOf((await connection.change(RevertSegmentsDocument, variables)).revertSegments).segments);
    },
    flush: () => saveIn(0),
    close() {
      isClosed = true;
      unwatch();
      save().catch(tellError);
    },
  };
}

/** A segment as somebody has changed it. */
export function overlaid(segment: Segment, change: Change | undefined): Segment {
  if (change === undefined) return segment;
  const { text, startSeconds, endSeconds, speaker } = change;
  const isOtherText = typeof text === 'string' && text !== segment.text;
  return {
    ...segment,
    text: text ?? segment.text,
    startSeconds: startSeconds ?? segment.startSeconds,
    endSeconds: endSeconds ?? segment.endSeconds,
    speaker: speaker === undefined ? segment.speaker : speaker,
    // The server tells what words it has become.
    words: isOtherText ? null : segment.words,
  };
}

/** What a segment has in the place of a change. */
function partOf({ text, startSeconds, endSeconds, speaker }: Segment, change: Change): Change {
  return {
    ...('text' in change ? { text } : {}),
    ...('startSeconds' in change ? { startSeconds } : {}),
    ...('endSeconds' in change ? { endSeconds } : {}),
    ...('speaker' in change ? { speaker } : {}),
  };
}

/** One step of two, where both type in one segment; else null. */
function joinedStep(last: Step, next: Step): Step | null {
  const [[first, more], [second, another]] = [[...last], [...next]];
  if (first === undefined || second === undefined || more !== undefined || another !== undefined) return null;
  const [[index, { before, after: was }], [other, { after }]] = [first, second];
  if (index !== other || typeof was.text !== 'string' || typeof after.text !== 'string') return null;
  return new Map([[index, { before, after: { ...was, ...after } }]]);
}

function restored(keptAs: string): ReadonlyMap<number, Change> {
  try {
    return new Map(JSON.parse(localStorage.getItem(keptAs) ?? '[]'));
  } catch {
    return new Map();
  }
}

function keep(keptAs: string, unsaved: ReadonlyMap<number, Change>): void {
  if (unsaved.size === 0) localStorage.removeItem(keptAs);
  else localStorage.setItem(keptAs, JSON.stringify([...unsaved]));
}
