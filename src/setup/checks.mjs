/**
 * `node src/setup/checks.mjs --all | --quick [--fix] [FILE...]`: runs every check even when an earlier one fails; exit code 1 when any did.
 * With files or options of Node's test runner, only those tests. Started by the set-up, under the newer Node.
 */
import { globSync } from 'node:fs';
import { engineTests, repairs, speechTest, staticChecks, testFiles } from './check-list.mjs';
import { endOnSignal, runCheck } from './run-check.mjs';
import { runTests } from './run-tests.mjs';

const [scope, ...rest] = process.argv.slice(2);
const quick = scope === '--quick';
const fix = rest.includes('--fix');
const chosen = rest.filter((arg) => arg !== '--fix');

endOnSignal();
process.exitCode = chosen.length > 0 ? await runChosen() : await runAll();

async function runChosen() {
  const onlyOptions = chosen.every((arg) => arg.startsWith('-'));
  const { code, closing } = await runTests([...chosen, ...(onlyOptions ? allTests() : [])]);
  process.stdout.write(closing);
  return code;
}

async function runAll() {
  if (fix) for (const repair of repairs) await runCheck(repair);
  const failed = await runTwoAtATime(staticChecks);
  const engine = engineTests({ quick });
  if (!(await runCheck(engine))) failed.push(engine.name);
  const { code, closing } = await runTests(allTests());
  if (code !== 0) failed.push('tests');
  process.stdout.write(failed.length === 0 ? 'Every check passed.\n' : `Failed: ${failed.join(', ')}.\n`);
  process.stdout.write(closing);
  return failed.length === 0 ? 0 : 1;
}

function allTests() {
  return globSync(testFiles, { exclude: (name) => name === '.venv' })
    .filter((file) => !quick || !file.includes(speechTest))
    .toSorted();
}

/** @param {readonly import('./check-list.mjs').Check[]} checks */
async function runTwoAtATime(checks) {
  const waiting = [...checks];
  /** @type {string[]} */
  const failed = [];
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      if (!(await runCheck(check))) failed.push(check.name);
    }
  };
  await Promise.all([work(), work()]);
  return failed;
}
