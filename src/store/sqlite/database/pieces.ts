const rowsPerStatement = 500; // of up to 11 columns: SQLite takes 32,766 values in a statement

/** Rows in pieces that one insert takes. */
export function inPieces<T>(rows: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(rows.length / rowsPerStatement) }, (_, piece) =>
    rows.slice(piece * rowsPerStatement, (piece + 1) * rowsPerStatement),
  );
}
