import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Config, readConfig } from '../config/config.ts';
import { openLog } from './log.ts';
import { openTerminal } from './terminal.ts';

const { server, ...others } = readConfig(join(import.meta.dirname, '../..'), {});

/** What a terminal shows of what `act` logs. */
async function shownOf(
  act: (log: ReturnType<typeof openLog>['log']) => void,
  mediaRoots: Config['server']['mediaRoots'] = [],
) {
  const texts: string[] = [];
  const config = { ...others, server: { ...server, mediaRoots } };
  await using logger = openLog(
    'debug',
    openTerminal(() => config, { write: (text) => texts.push(text) }),
  );
  act(logger.log);
  return texts;
}

test('a person is told in a line where the server is, where recordings go, and how it stops', async () => {
  const listening = (log: ReturnType<typeof openLog>['log']) => {
    log.debug('engine check begun');
    log.info({ url: 'http://127.0.0.1:4000', version: '1.2.3' }, 'server listening');
    log.info({ job: 'job_1' }, 'job finished');
  };
  assert.deepEqual(await shownOf(listening, [{ configured: 'media', path: '/srv/media' }]), [
    'Phonograph is at http://127.0.0.1:4000. Put recordings into /srv/media; stop it with Ctrl-C.\n',
  ]);
  assert.deepEqual(await shownOf(listening), [
    'Phonograph is at http://127.0.0.1:4000. Send recordings to it; stop it with Ctrl-C.\n',
  ]);
});

test('what is wrong is shown on one line, whatever stands in it', async () => {
  const shown = await shownOf((log) => {
    log.warn({ text: 'Everybody may do everything.' }, 'server open to everybody');
    log.error({ address: '\u001B[2Jx\ny' }, 'request failed');
    log.fatal({ text: 'Port 4000 is taken.' }, 'server not started');
  });
  assert.deepEqual(shown, ['warn: Everybody may do everything.\n', 'error: request failed: address  [2Jx y\n']);
});
