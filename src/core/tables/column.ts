/** Numbers by their index; those that were never set are 0. */
export interface Column {
  get(index: number): number;
  set(index: number, value: number): void;
}

type Piece = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const pieceBits = 13;
const pieceLength = 1 << pieceBits;
const pieceMask = pieceLength - 1;

/**
 * A column of one numeric type, for tables of millions of rows: a number costs the bytes of its type and no more.
 * It is made of pieces, so that growing copies nothing, and stretches that are never set cost nothing.
 */
export function column(type: new (length: number) => Piece): Column {
  const pieces: Piece[] = [];
  return {
    get: (index) => pieces[index >>> pieceBits]?.[index & pieceMask] ?? 0,
    set(index, value) {
      const place = index >>> pieceBits;
      let piece = pieces[place];
      if (piece === undefined) {
        piece = new type(pieceLength);
        pieces[place] = piece;
      }
      piece[index & pieceMask] = value;
    },
  };
}
