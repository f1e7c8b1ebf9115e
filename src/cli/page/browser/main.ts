/** The page of an image, of two, or of a build: drawn from the data that stands in it. */
import type { PageData, PageImage, PageSubject } from '../data.ts';
import { buildHead, buildSections } from './build-view.ts';
import { compareView } from './compare-view.ts';
import { contents } from './contents.ts';
import { h } from './element.ts';
import { imageFacts, imageFigures, imageView } from './image-view.ts';

const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as PageData;
const page = document.getElementById('page');
const drawn = draw(data.subject);
page?.append(drawn.head, contents(drawn.sections), ...drawn.sections, h('footer', {}, data.madeBy));

interface Drawn {
  readonly head: HTMLElement;
  readonly sections: readonly HTMLElement[];
}

function draw(subject: PageSubject): Drawn {
  switch (subject.kind) {
    case 'image': {
      const { image } = subject;
      const title = h('h1', {}, image.report.image.reference);
      return {
        head: h('header', {}, title, imageFigures(image), imageFacts(image)),
        sections: imageView(image, ''),
      };
    }
    case 'comparison':
      return drawComparison(subject);
    case 'build': {
      const { build, images } = subject;
      const [only] = images;
      const whole =
        only !== undefined && images.length === 1
          ? imageView(only, 'image-')
          : images.map((image, index) => wholeImage(image, `image-${index}-`, image.report.image.platform));
      return { head: buildHead(build), sections: [...buildSections(build, images), ...whole] };
    }
  }
}

function drawComparison({
  a,
  b,
  comparison,
  differences,
}: PageSubject & { readonly kind: 'comparison' }): Drawn {
  const { isSame, reasons } = comparison;
  const why = reasons.map(({ title, hint }) =>
    h('li', {}, title, hint === null ? undefined : h('p', { class: 'advice' }, hint)),
  );
  const side = (letter: string, image: PageImage) =>
    h('div', {}, h('h2', {}, letter), imageFacts(image, 'with its name'));
  return {
    head: h(
      'header',
      {},
      h('h1', {}, 'Two images'),
      h('p', {}, isSame ? 'They are the same image.' : 'They are different images:'),
      why.length === 0 ? undefined : h('ul', { class: 'reasons' }, ...why),
      h('div', { class: 'pair' }, side('A', a), side('B', b)),
    ),
    sections: [
      ...compareView(comparison, differences, a, b),
      wholeImage(a, 'a-', 'All of A'),
      wholeImage(b, 'b-', 'All of B'),
    ],
  };
}

/** Everything of one of several images, drawn when it is opened. */
function wholeImage(image: PageImage, id: string, title: string): HTMLElement {
  const details = h('details', { class: 'whole', id }, h('summary', {}, h('h2', {}, title)));
  details.addEventListener('toggle', () => details.append(imageFigures(image), ...imageView(image, id)), {
    once: true,
  });
  return details;
}

// What is folded away on the screen is not on paper, unless it is opened first.
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll<HTMLDetailsElement>('.layers details')) details.open = true;
});
