import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../config/config.ts';
import { reportOf } from '../store/contract/workers.ts';
import { openStore } from '../store/open.ts';
import { openFleetModels } from './fleet-models.ts';
import { requireModel } from './models.ts';

const config = readConfig(join(import.meta.dirname, '../..'), {});
const leaseMs = 10_000;

test('a job is taken where all workers have its model, where those had it who were there last, and where none was there that could tell', async () => {
  let time = 1_700_000_000_000;
  await using store = await openStore({ database: ':memory:', now: () => time });
  const models = openFleetModels({ config, store, leaseMs });
  const refused = { code: 'MODEL_NOT_INSTALLED' };
  await requireModel(models, 'base');
  assert.equal((await models.read('base')).installed, null);
  await store.seeWorker(reportOf('one'));
  await requireModel(models, 'base');
  await assert.rejects(requireModel(models, 'small'), refused);
  time += 2 * leaseMs;
  await requireModel(models, 'base');
  await assert.rejects(requireModel(models, 'small'), refused);
  await store.seeWorker(reportOf('two', { models: [] }));
  await assert.rejects(requireModel(models, 'base'), refused);
});
