import { MultiBar, Presets } from 'cli-progress';

/** Lines that stay, and how far the work is: a bar below the lines on a terminal, lines of its own elsewhere. */
export interface Screen extends Disposable {
  line(text: string): void;
  /** @param fraction 0 to 1 */
  progress(fraction: number, what: string): void;
}

export function openScreen(): Screen {
  return process.stdout.isTTY ? openTerminal() : openPlain();
}

function openTerminal(): Screen {
  const bars = new MultiBar(
    { stream: process.stdout, format: '{bar} {percentage} %  {what}', hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  );
  const bar = bars.create(100, 0, { what: 'queued' });
  return {
    line: (text) => bars.log(`${text}\n`),
    progress: (fraction, what) => bar.update(Math.round(fraction * 100), { what }),
    [Symbol.dispose]() {
      bar.stop();
      bars.stop();
    },
  };
}

function openPlain(): Screen {
  let last = '';
  return {
    line: print,
    progress(fraction, what) {
      const text = `${String(Math.round(fraction * 100)).padStart(3)} %  ${what}`;
      if (text !== last) print(text);
      last = text;
    },
    [Symbol.dispose]() {},
  };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
