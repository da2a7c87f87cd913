const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

/**
 * Shows that a step is under way: one living line on a terminal, plain lines now and then elsewhere.
 *
 * @typedef {{ note(text: string): void, warn(text: string): void, end(text: string): void }} Progress
 *
 * @param {string} title
 * @param {NodeJS.WriteStream} [stream]
 * @returns {Progress}
 */
export function startProgress(title, stream = process.stderr) {
  const began = performance.now();
  const seconds = () => `${Math.round((performance.now() - began) / 1000)} s`;
  const live = stream.isTTY;
  let note = '';
  let tick = 0;
  const draw = () => {
    const line = `${frames[tick++ % frames.length]} ${title} · ${seconds()}${note === '' ? '' : ` · ${note}`}`;
    stream.write(`\r\u001B[K${line.slice(0, (stream.columns || 80) - 1)}`);
  };
  const remind = () => stream.write(`  still at it after ${seconds()}${note === '' ? '' : `: ${note}`}\n`);
  stream.write(live ? '' : `${title}\n`);
  const timer = setInterval(live ? draw : remind, live ? 100 : 15_000);
  const clear = live ? '\r\u001B[K' : '';
  return {
    note(text) {
      note = text;
    },
    warn(text) {
      stream.write(`${clear}  ${text}\n`);
    },
    end(text) {
      clearInterval(timer);
      stream.write(live ? `${clear}${title}: ${text} (${seconds()})\n` : `  ${text} (${seconds()})\n`);
    },
  };
}
