/** Characters that take two columns: East Asian wide forms and pictographs. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const zeroWidth = /[\p{Mn}\p{Me}\p{Cf}]/u;

function columnsOf(character: string): number {
  if (character < '\u0300') return 1;
  return wide.test(character) ? 2 : zeroWidth.test(character) ? 0 : 1;
}

/** Cuts a line of plain text to a number of terminal columns and fills it up to them; `…` shows the cut. */
export function fitColumns(text: string, columns: number): string {
  let used = 0;
  let kept = '';
  let keptUsed = 0;
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns) return `${kept}…${' '.repeat(columns - keptUsed - 1)}`;
    if (used <= columns - 1) {
      kept += character;
      keptUsed = used;
    }
  }
  return text + ' '.repeat(columns - used);
}
