/** What runs in the browser, where types of Node do not reach: expressions as text. */

/** The least contrast of text on the page's ground (WCAG 2.2, 1.4.3). */
export const leastContrast = `(() => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/\\d+(\\.\\d+)?/g).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = luminance(getComputedStyle(document.body).backgroundColor);
  return Math.min(...['h1', 'dt', '.note', '.advice', 'th', '.link'].map((selector) => {
    const ink = luminance(getComputedStyle(document.querySelector(selector)).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  }));
})()`;

/** Controls, tables and pictures that a screen reader could not name. */
export const namelessElements = `[
  ...[...document.querySelectorAll('input, select')].filter((each) => each.labels.length === 0),
  ...[...document.querySelectorAll('table')].filter((each) => each.caption === null),
  ...[...document.querySelectorAll('[role=img]')].filter((each) => !each.getAttribute('aria-label')),
  ...[...document.querySelectorAll('button, summary')].filter((each) => each.textContent === ''),
].map((each) => each.outerHTML.slice(0, 80))`;

export const pageWidth = 'document.documentElement.scrollWidth';

/** How much the page lays out. */
export const elementCount = "document.querySelectorAll('*').length";
