/** The page of an image, or of two: drawn from the data that stands in it. */
import type { PageData, PageImage } from '../data.ts';
import { compareView } from './compare-view.ts';
import { h } from './element.ts';
import { imageHead, imageView } from './image-view.ts';

const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as PageData;
const page = document.getElementById('page');
page?.append(
  ...(data.comparison === null ? onePage(data.images[0]) : comparedPage(data)),
  h('footer', {}, data.madeBy),
);

function onePage(image: PageImage): Node[] {
  return [
    h('header', {}, h('h1', {}, image.report.image.reference), imageHead(image)),
    ...imageView(image, ''),
  ];
}

function comparedPage({ images: [a, b], comparison }: PageData): Node[] {
  if (comparison === null || b === undefined) return [];
  const verdict = comparison.isSame ? 'They are the same image.' : 'They are different images.';
  return [
    h(
      'header',
      {},
      h('h1', {}, 'Two images'),
      h('p', {}, verdict),
      h(
        'div',
        { class: 'pair' },
        h('div', {}, h('h2', {}, 'A'), imageHead(a)),
        h('div', {}, h('h2', {}, 'B'), imageHead(b)),
      ),
    ),
    ...compareView(comparison, a, b),
    wholeImage('A', a),
    wholeImage('B', b),
  ];
}

/** Everything of one of two images, drawn when it is opened. */
function wholeImage(letter: string, image: PageImage): HTMLElement {
  const details = h('details', { class: 'whole' }, h('summary', {}, h('h2', {}, `All of ${letter}`)));
  details.addEventListener('toggle', () => details.append(...imageView(image, `${letter.toLowerCase()}-`)), {
    once: true,
  });
  return details;
}

// What is folded away on the screen is not on paper, unless it is opened first.
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll<HTMLDetailsElement>('.layers details')) details.open = true;
});
