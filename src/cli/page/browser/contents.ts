import { h } from './element.ts';

/** Links to the parts of the page, by their headings. */
export function contents(parts: readonly HTMLElement[]): HTMLElement {
  const links = parts.map((part) => {
    const link = h('a', { href: `#${part.id}` }, part.querySelector('h2')?.textContent ?? '');
    link.addEventListener('click', () => {
      if (part instanceof HTMLDetailsElement) part.open = true;
    });
    return link;
  });
  return h('nav', { 'aria-label': 'Contents', class: 'contents' }, ...links);
}
