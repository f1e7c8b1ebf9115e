import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PageData, PageSubject } from './data.ts';

/** What scripts/build.mjs makes of `browser/`. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** Reads the assets from beside the program; run from source, as tests do, from where the build put them. */
export function readPageAssets(): PageAssets {
  const directory = import.meta.url.endsWith('.ts') ? '../../../dist/' : './';
  const read = (name: string) => readFileSync(new URL(directory + name, import.meta.url), 'utf8');
  return { script: read('image-page.js'), style: read('image-page.css') };
}

/**
 * One page that holds everything it needs: it loads nothing, and its policy forbids it to. What comes from images is
 * data in it, never markup.
 */
export function renderPage(data: PageData, { script, style }: PageAssets): string {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    // Bars and tiles get their places by style attributes.
    "style-src 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="${escapeHTML(data.madeBy)}">
<title>${escapeHTML(titleOf(data.subject))}</title>
<style>${style}</style>
</head>
<body>
<noscript>This page is drawn by its own script. <code>strata inspect</code> tells the same in a terminal.</noscript>
<main id="page"></main>
<script type="application/json" id="data">${scriptJSON(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

function titleOf(subject: PageSubject): string {
  switch (subject.kind) {
    case 'image':
      return subject.image.report.image.reference;
    case 'comparison':
      return [subject.a, subject.b].map(({ report }) => report.image.reference).join(' and ');
    case 'build': {
      const { build, names } = subject.build;
      return `build ${build}${names.length === 0 ? '' : ` of ${names.join(', ')}`}`;
    }
  }
}

function hashOf(script: string): string {
  return `sha256-${createHash('sha256').update(script).digest('base64')}`;
}

/** JSON in which no markup can end or begin. */
function scriptJSON(data: PageData): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

function escapeHTML(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replace(/\s+/g, ' ');
}
