import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

/** A program that follows a job, and the segments that it has shown so far, as it has shown them. */
export interface Listener {
  readonly name: string;
  readonly heard: readonly Heard[];
  /** Settles when it has shown the segment with this index; rejects where it ends before. */
  until(index: number): Promise<void>;
  /** Rejects where it fails. */
  readonly ended: Promise<void>;
}

/** The index of a segment, and its text. */
export type Heard = readonly [index: number, text: string];

/** Listens to what a function brings. */
export function listenTo(name: string, heardOf: () => AsyncIterable<Heard>): Listener {
  const heard: Heard[] = [];
  const news = new EventEmitter();
  async function listen() {
    for await (const one of heardOf()) {
      heard.push(one);
      news.emit('heard');
    }
  }
  let isOver = false;
  const ended = listen().finally(() => {
    isOver = true;
    news.emit('heard');
  });
  ended.catch(() => {}); // Told to whoever waits for it.
  return {
    name,
    heard,
    ended,
    async until(index) {
      while (!heard.some(([at]) => at === index)) {
        if (isOver) {
          await ended;
          throw new Error(`${name} has ended without segment ${index}.`);
        }
        await once(news, 'heard');
      }
    },
  };
}

/** Listens to a program that prints a segment a line: its index, a tab, its text. With the signal it is ended. */
export function listenToProgram(
  name: string,
  [program, ...args]: readonly [string, ...string[]],
  cancelSignal: AbortSignal,
): Listener {
  return listenTo(name, async function* () {
    const child = execa(program, args, { stdin: 'ignore', buffer: { stdout: false }, reject: false, cancelSignal });
    for await (const line of createInterface({ input: child.stdout })) {
      const [index = '', text = ''] = line.split('\t');
      yield [Number(index), text] as const;
    }
    const { failed, stderr } = await child;
    if (failed) throw new Error(`${name} has failed: ${stderr}`);
  });
}
