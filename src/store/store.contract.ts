import { describe } from 'node:test';
import { apiKeysContract } from './contract/api-keys.ts';
import { changesContract } from './contract/changes.ts';
import { deletionContract } from './contract/deletion.ts';
import { downloadsContract } from './contract/downloads.ts';
import { endingContract } from './contract/ending.ts';
import { eventsContract } from './contract/events.ts';
import { fairnessContract } from './contract/fairness.ts';
import { filtersContract } from './contract/filters.ts';
import { jobWriterContract } from './contract/job-writer.ts';
import { labelsContract } from './contract/labels.ts';
import { leaseContract } from './contract/lease.ts';
import { listsContract } from './contract/lists.ts';
import { logStoreContract } from './contract/log-store.ts';
import { logLimitsContract, logTailContract } from './contract/log-tail.ts';
import { manyJobsContract } from './contract/many-jobs.ts';
import { notifierContract } from './contract/notifier.ts';
import { queueContract } from './contract/queue.ts';
import { racesContract } from './contract/races.ts';
import { randomActsContract } from './contract/random-acts.ts';
import { retryContract } from './contract/retry.ts';
import { reuseContract } from './contract/reuse.ts';
import type { OpenStore } from './contract/samples.ts';
import { searchContract } from './contract/search.ts';
import { settingsContract } from './contract/settings.ts';
import { settlingContract } from './contract/settling.ts';
import { transcriptContract } from './contract/transcript.ts';

/** What every adapter of the port must do, as tests; `open` gives each of them an empty store, `runs` is how many random stories are tried. */
export function storeContract(name: string, open: OpenStore, runs: number): void {
  describe(`the store ${name}`, () => {
    describe('job writes', () => jobWriterContract(open));
    describe('the queue', () => queueContract(open));
    describe('turns', () => fairnessContract(open));
    describe('recordings that are still written to', () => settlingContract(open));
    describe('recordings that are fetched', () => downloadsContract(open));
    describe('leases', () => leaseContract(open));
    describe('transcripts', () => transcriptContract(open));
    describe('endings', () => endingContract(open));
    describe('retries', () => retryContract(open));
    describe('reuse', () => reuseContract(open));
    describe('deletions', () => deletionContract(open));
    describe('changes', () => changesContract(open));
    describe('events', () => eventsContract(open));
    describe('the notifier', () => notifierContract(open));
    describe('lists', () => listsContract(open));
    describe('many jobs', () => manyJobsContract(open));
    describe('filters', () => filtersContract(open, runs));
    describe('labels', () => labelsContract(open));
    describe('the search', () => searchContract(open));
    describe('log lines', () => logStoreContract(open));
    describe('tails of the log', () => logTailContract(open));
    describe('limits of the log', () => logLimitsContract(open));
    describe('settings', () => settingsContract(open));
    describe('callers', () => apiKeysContract(open));
    describe('races', () => racesContract(open, runs));
    describe('random acts', () => randomActsContract(open, runs));
  });
}
