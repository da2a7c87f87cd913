import type { ModelRequest, Worker, WorkerReport } from '../jobs/worker.ts';

/** Who runs jobs. */
export interface WorkerStore {
  /** Writes that a worker is there, and tells whether it is to take no new jobs. Earlier ones of its name are forgotten, and those that were not seen for a day. */
  seeWorker(report: WorkerReport): Promise<{ readonly draining: boolean }>;
  /** Forgets a worker that leaves, or all of them where `id` is null. */
  forgetWorkers(id: string | null): Promise<void>;
  /** All of them, the oldest first; LOST are those that were not seen for so long. */
  workers(leaseMs: number): Promise<readonly Worker[]>;
  /** Has a worker take no new jobs, give back those that it runs, and leave. False for an unknown id. */
  drainWorker(id: string): Promise<boolean>;
  /** Asks every worker for something; what was asked for this model before is asked no more. */
  requestModel(model: string, action: ModelRequest['action']): Promise<void>;
  /** What is asked of every worker, one of each model, in the order in which it was asked. */
  modelRequests(): Promise<readonly ModelRequest[]>;
}
