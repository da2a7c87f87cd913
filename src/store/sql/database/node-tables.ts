import type { Generated } from 'kysely';

/** Tables of what nodes that share a database tell each other: in PostgreSQL alone. None of them is moved. */
export interface NodeTables {
  readonly delivery_claim: DeliveryClaimTable;
  readonly download_claim: DownloadClaimTable;
  readonly commit_token: CommitTokenTable;
  readonly rate: RateTable;
  readonly held: HeldTable;
}

/** Which node sends a message, and until when nobody else does. */
interface DeliveryClaimTable {
  readonly number: number;
  readonly node: string;
  readonly until: number;
}

/** Which node fetches a recording, or was the last to, and until when nobody else does. */
interface DownloadClaimTable extends Pick<DeliveryClaimTable, 'node' | 'until'> {
  readonly job_id: string;
}

/** How much somebody has done within a time. */
interface RateTable {
  readonly name: string;
  readonly who: string;
  /** Together, with what nodes have taken in advance. */
  readonly taken: number;
  /** To whoever asked last. */
  readonly granted: number;
  readonly ends_at: number;
}

/** How much somebody holds at a node, as it has told. */
interface HeldTable {
  readonly node: string;
  readonly name: string;
  readonly who: string;
  readonly count: number;
  readonly until: number;
}

/** Transactions whose ends may not have been heard. */
interface CommitTokenTable {
  readonly token: string;
  /** 1 where the transaction itself has written it, 0 where somebody has asked for it and it was not kept. */
  readonly kept: 0 | 1;
  readonly time: Generated<number>;
}
