import type { PageImage } from '../data.ts';
import { h } from './element.ts';
import { pathsOf } from './file-tree.ts';
import { pagedTable } from './paged-table.ts';
import { countOf, printBytes } from './words.ts';

const pauseMs = 120;
const changeWords: Readonly<Record<string, string>> = {
  '+': 'added',
  '~': 'changed',
  '-': 'removed',
  ' ': '',
};

/** Finds files of all layers by a part of their path. */
export function searchView({ files }: PageImage, id: string): HTMLElement {
  const paths = pathsOf(files);
  const lower = paths.map((path) => path.toLowerCase());
  const input = h('input', { type: 'search', id, autocomplete: 'off', spellcheck: 'false' });
  const status = h('p', { role: 'status', class: 'note' });
  const results = h('div', {});

  function search(): void {
    const wanted = input.value.trim().toLowerCase();
    if (wanted === '') {
      status.textContent = '';
      results.replaceChildren();
      return;
    }
    const found: number[] = [];
    for (const [row, node] of files.node.entries()) if (lower[node]?.includes(wanted)) found.push(row);
    status.textContent = countOf(found.length, 'match', 'matches');
    results.replaceChildren(...(found.length === 0 ? [] : [resultTable(found)]));
  }

  function resultTable(rows: readonly number[]): HTMLElement {
    return pagedTable(
      'Files found',
      [
        { title: 'Path' },
        { title: 'Layer', isNumber: true },
        { title: 'What it does' },
        { title: 'Mode' },
        { title: 'Owner' },
        { title: 'Size', isNumber: true },
      ],
      rows,
      (row) => [
        h('code', { class: 'path' }, paths[files.node[row] ?? 0] ?? ''),
        String(files.layer[row] ?? ''),
        what(row),
        (files.mode[row] ?? 0).toString(8).padStart(4, '0'),
        files.owner[row] ?? '',
        files.type[row] === '-' ? printBytes(files.size[row] ?? 0) : '',
      ],
    );
  }

  function what(row: number): string {
    const hiddenBy = files.hiddenBy[row] ?? -1;
    return `${changeWords[files.change[row] ?? ' '] ?? ''}${hiddenBy < 0 ? '' : `, hidden by layer ${hiddenBy}`}`;
  }

  let timer: ReturnType<typeof setTimeout> | undefined;
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(search, pauseMs);
  });
  return h(
    'div',
    { class: 'search', role: 'search' },
    h('label', { for: id }, 'Find files of all layers by a part of their path '),
    input,
    status,
    results,
  );
}
