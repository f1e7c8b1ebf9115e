import { type Head, h, rowOf, table } from './element.ts';

/** Rows that are drawn at once: a browser lays out some hundreds at once without being noticed, not 50,000. */
const pageLength = 200;

/** A table of many rows that shows the first of them, and more when asked to. */
export function pagedTable<T>(
  caption: string,
  heads: readonly Head[],
  rows: readonly T[],
  cellsOf: (row: T) => readonly (Node | string | undefined)[],
): HTMLElement {
  const element = table(caption, heads, rows.slice(0, pageLength).map(cellsOf));
  if (rows.length <= pageLength) return element;
  const body = element.querySelector('tbody');
  const button = h('button', { type: 'button', class: 'more' });
  let shown = pageLength;
  const say = () => {
    const next = Math.min(pageLength, rows.length - shown);
    button.textContent = `Show ${next} more of ${(rows.length - shown).toLocaleString('en')}`;
    button.hidden = next === 0;
  };
  button.addEventListener('click', () => {
    body?.append(...rows.slice(shown, shown + pageLength).map((row) => rowOf(heads, cellsOf(row))));
    shown = Math.min(rows.length, shown + pageLength);
    say();
  });
  say();
  return h('div', {}, element, button);
}
