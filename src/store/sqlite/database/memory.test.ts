import { openStore } from '#src/store/open.ts';
import type { OpenStore } from '../../contract/samples.ts';
import { openNotifier } from '../../notifier.ts';
import { storeContract } from '../../store.contract.ts';

const open: OpenStore = async (now) => {
  const notifier = openNotifier();
  const store = await openStore({ database: ':memory:', notifier, ...(now === undefined ? {} : { now }) });
  return { store, notifier, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
};

storeContract('in SQLite, in memory', open, 25);
