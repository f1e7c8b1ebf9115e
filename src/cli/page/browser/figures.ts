import { h } from './element.ts';

export interface Figure {
  readonly name: string;
  readonly value: string;
  /** What the number is a part of, or made of. */
  readonly note?: string | undefined;
}

/** The few numbers that say most, large. */
export function figureRow(figures: readonly Figure[]): HTMLElement {
  return h(
    'dl',
    { class: 'figures' },
    ...figures.map(({ name, value, note }) =>
      h(
        'div',
        {},
        h('dt', {}, name),
        h(
          'dd',
          {},
          h('span', { class: 'value' }, value),
          note === undefined ? undefined : h('span', { class: 'note' }, note),
        ),
      ),
    ),
  );
}
