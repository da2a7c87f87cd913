import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { openStore } from '#src/store/open.ts';
import { openTemporary, type Temporary } from '../../testing/temporary.ts';
import type { OpenStore } from '../contract/samples.ts';
import { openNotifier } from '../notifier.ts';
import { storeContract } from '../store.contract.ts';

let shared: Temporary;

before(async () => {
  shared = await openTemporary();
  const store = await openStore({ database: join(shared.directory, 'empty.db') });
  await store[Symbol.asyncDispose]();
});

after(() => shared[Symbol.asyncDispose]());

/** A copy of an empty database: a disk takes longer to write its tables than most tests do. */
const open: OpenStore = async (now) => {
  const { directory, stack } = await openTemporary();
  const file = join(directory, 'phonograph.db');
  await copyFile(join(shared.directory, 'empty.db'), file);
  const notifier = openNotifier();
  const store = stack.use(await openStore({ database: file, notifier, ...(now === undefined ? {} : { now }) }));
  return { store, notifier, [Symbol.asyncDispose]: () => stack.disposeAsync() };
};

storeContract('in SQLite', open, 4);
