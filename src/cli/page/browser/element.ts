type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes an element. Text is text, whatever it looks like; an attribute that is true stands without a value. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** The same for SVG. */
export function svg(name: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** A part of the page with its heading. */
export function section(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  return h(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    h('h2', { id: `${id}-title` }, title),
    ...children,
  );
}

export interface Head {
  readonly title: string;
  readonly isNumber?: boolean;
}

/** A table with a heading for each column; cells that are numbers stand right. */
export function table(
  caption: string,
  heads: readonly Head[],
  rows: readonly (readonly Child[])[],
): HTMLElement {
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h(
      'table',
      {},
      h('caption', { class: 'unseen' }, caption),
      h(
        'thead',
        {},
        h('tr', {}, ...heads.map((head) => h('th', { scope: 'col', ...classOf(head) }, head.title))),
      ),
      h('tbody', {}, ...rows.map((cells) => rowOf(heads, cells))),
    ),
  );
}

/** A row of such a table; on a narrow screen each cell says its heading. */
export function rowOf(heads: readonly Head[], cells: readonly Child[]): HTMLElement {
  return h(
    'tr',
    {},
    ...cells.map((cell, index) =>
      h('td', { ...classOf(heads[index]), 'data-head': heads[index]?.title }, cell),
    ),
  );
}

function classOf(head: Head | undefined): Attributes {
  return head?.isNumber === true ? { class: 'number' } : {};
}
