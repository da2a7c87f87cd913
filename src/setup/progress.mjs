const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

const frameMs = 100;
/** In a log file a line now and then is enough. */
const reminderMs = 15_000;

/**
 * Shows that a step is under way: a title, below it one living line on a terminal, plain lines now and then elsewhere.
 *
 * @typedef {{ note(text: string): void, warn(text: string): void, end(text: string): void }} Progress
 *
 * @param {string} title
 * @param {NodeJS.WriteStream} [stream]
 * @returns {Progress}
 */
export function startProgress(title, stream = process.stderr) {
  const began = performance.now();
  const live = stream.isTTY;
  const clear = live ? '\r\u001B[K' : '';
  let note = '';
  let tick = 0;
  const state = () => `${Math.round((performance.now() - began) / 1000)} s${note === '' ? '' : ` · ${note}`}`;
  const draw = () => {
    const line = `${frames[tick++ % frames.length]} ${state()}`;
    stream.write(`${clear}${line.slice(0, (stream.columns || 80) - 1)}`);
  };
  const remind = () => stream.write(`  still at it after ${state()}\n`);
  stream.write(`${title}\n`);
  const timer = setInterval(live ? draw : remind, live ? frameMs : reminderMs);
  return {
    note(text) {
      note = text;
    },
    warn(text) {
      stream.write(`${clear}  ${text}\n`);
    },
    end(text) {
      clearInterval(timer);
      note = '';
      stream.write(`${clear}  ${text} (${state()})\n`);
    },
  };
}
