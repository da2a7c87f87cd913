/** The hub, or the way to it, does not do as it should. `message` is for a person. */
export class HubError extends Error {
  override readonly name = 'HubError';
  /** Whether asking again may help. */
  readonly passes: boolean;
  /** How long the hub wants us to wait before. */
  readonly waitMs: number;
  constructor(
    message: string,
    { passes = false, waitMs = 0, cause }: { passes?: boolean; waitMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.passes = passes;
    this.waitMs = waitMs;
  }
}

/** The hub sent other bytes than it promised. */
export class WrongContentError extends HubError {
  constructor(file: string) {
    super(`${file} came with other bytes than the hub tells it has; it was deleted. Download the model again.`);
  }
}
