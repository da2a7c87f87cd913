import type { OpenStore } from '../../contract/samples.ts';
import { openBell } from '../../notifier.ts';
import { storeContract } from '../../store.contract.ts';
import { openSqliteStore } from './open.ts';

const open: OpenStore = async (now) => {
  const bell = openBell();
  const store = await openSqliteStore({ file: ':memory:', bell, ...(now === undefined ? {} : { now }) });
  return { store, bell, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
};

storeContract('in SQLite, in memory', open, 25);
