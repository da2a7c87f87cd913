import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { createLogUpdate } from 'log-update';
import stringWidth from 'string-width';
import { printable } from './output.ts';

/** What is shown of a recording while it is worked on. */
export interface Bar {
  readonly name: string;
  /** Such as transcribing. */
  readonly what: string;
  /** 0 to 1; null where it cannot be told. */
  readonly fraction: number | null;
  readonly etaSeconds: number | null;
  /** What was said last. */
  readonly text: string;
}

/** Lines that stay, and below them on a terminal how far the work is; a terminal alone has bars. It writes to stderr: stdout is for what was asked for. */
export interface Screen extends Disposable {
  readonly isTerminal: boolean;
  line(text: string): void;
  /** Shows these from now on, with a line about all of them below. */
  show(bars: readonly Bar[], summary: string): void;
  /** Makes room for a question, and shows the bars again afterwards. */
  pause(): void;
  resume(): void;
}

const drawMs = 100;
const barWidth = 20;

export function openScreen(stream: NodeJS.WriteStream = process.stderr): Screen {
  // Some terminals obey nothing, and some do not tell their size.
  const isCapable = stream.isTTY && stream.columns > 0 && process.env['TERM'] !== 'dumb';
  return isCapable ? openTerminal(stream) : openPlain(stream);
}

function openPlain(stream: NodeJS.WritableStream): Screen {
  return {
    isTerminal: false,
    line: (text) => stream.write(`${printable(text)}\n`),
    show() {},
    pause() {},
    resume() {},
    [Symbol.dispose]() {},
  };
}

function openTerminal(stream: NodeJS.WriteStream): Screen {
  const update = createLogUpdate(stream);
  let [bars, summary]: [readonly Bar[], string] = [[], ''];
  let drawn: readonly string[] = [];
  let isPaused = false;
  // A question stands alone until it is answered.
  const held: string[] = [];
  const draw = () => {
    if (isPaused) return;
    drawn = linesOf(bars, summary, stream);
    if (drawn.length > 0) update(drawn.join('\n'));
  };
  // A terminal that became narrower has wrapped what stands there: it takes more lines now than were written.
  const onResize = () => {
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / stream.columns)), 0);
    moveCursor(stream, 0, -rows);
    cursorTo(stream, 0);
    clearScreenDown(stream);
    update.done();
    draw();
  };
  stream.on('resize', onResize);
  const timer = setInterval(draw, drawMs);
  const clear = () => {
    update.clear();
    update.done();
    drawn = [];
  };
  return {
    isTerminal: true,
    line(text) {
      if (isPaused) {
        held.push(text);
        return;
      }
      update.persist(printable(text));
      draw();
    },
    show(shown, about) {
      [bars, summary] = [shown, about];
    },
    pause() {
      clear();
      isPaused = true;
    },
    resume() {
      isPaused = false;
      for (const text of held.splice(0)) update.persist(printable(text));
      draw();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      stream.off('resize', onResize);
      if (!isPaused) clear();
      for (const text of held) stream.write(`${printable(text)}\n`);
    },
  };
}

/** As many bars as fit, each within the width of the terminal, and all below each other. */
function linesOf(bars: readonly Bar[], summary: string, { rows, columns }: NodeJS.WriteStream) {
  const fitting = bars.slice(0, Math.max(1, Math.floor((rows - 2) / 2)));
  const states = fitting.map(stateOf);
  const room = Math.max(8, columns - 3 - widest(states));
  const names = fitting.map(({ name }) => shortened(printable(name), room));
  const width = widest(names);
  const lines = fitting.flatMap(({ text }, index) => [
    `${padded(names[index] ?? '', width)}  ${states[index]}`,
    ...(text === '' ? [] : [`  ${text}`]),
  ]);
  return [...lines, ...(summary === '' ? [] : [summary])].map((line) => shortened(printable(line), columns - 1));
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => stringWidth(text)));
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(width - stringWidth(text));
}

function stateOf({ what, fraction, etaSeconds }: Bar): string {
  const done = Math.round((fraction ?? 0) * barWidth);
  const bar = `${'█'.repeat(done)}${'░'.repeat(barWidth - done)}`;
  const percent = fraction === null ? '' : `${String(Math.floor(fraction * 100)).padStart(3)} %`;
  const eta = etaSeconds === null ? '' : `ETA ${clock(etaSeconds)}`;
  return [bar, percent, what, eta].filter((part) => part !== '').join('  ');
}

/** Cut at the end, by what a terminal takes for the width of each character. */
function shortened(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let [cut, width] = ['', 0];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += stringWidth(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** 75.5 -> 1:15, 3675 -> 1:01:15 */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
