/** What callers use of their limits, counted over all nodes that share a database. All is forgotten in a crash of the database. */
export interface SharedLimits {
  /** Takes a part of what somebody may do within a time that begins with the first part; as much as is left where that is less. */
  takePart(part: WantedPart): Promise<{ readonly granted: number; readonly leftMs: number }>;
  /** Tells what is held at this node, which counts for a few seconds, and answers what is held at all others. */
  exchangeHeld(held: readonly Held[]): Promise<readonly Held[]>;
}

/** A part of a limit that a node wants in advance. */
interface WantedPart {
  readonly name: string;
  readonly who: string;
  readonly want: number;
  readonly limit: number;
  readonly windowMs: number;
}

/** How much of something somebody holds. */
export interface Held {
  readonly name: string;
  readonly who: string;
  readonly count: number;
}
