import { after, before, describe } from 'node:test';
import { openStore } from '#src/store/open.ts';
import { openPostgres, postgresProgram, type TestPostgres } from '../../testing/postgres.ts';
import type { OpenStore } from '../contract/samples.ts';
import { openNotifier } from '../notifier.ts';
import { storeContract } from '../store.contract.ts';

describe('in PostgreSQL', { skip: postgresProgram.skip }, () => {
  let postgres: TestPostgres;

  before(async () => {
    postgres = await openPostgres();
  });

  after(() => postgres[Symbol.asyncDispose]());

  const open: OpenStore = async (now) => {
    const notifier = openNotifier();
    const database = await postgres.emptied();
    const store = await openStore({ database, notifier, ...(now === undefined ? {} : { now }) });
    return { store, notifier, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  };

  storeContract('in PostgreSQL', open, 1);
});
