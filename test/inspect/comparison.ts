import type { ImageParts } from '../support/image-parts.ts';
import { strata } from './cli.ts';
import { type openScratch, startLayout } from './images.ts';

/** Makes images in a scratch directory, and compares two. */
export function openComparison(scratch: ReturnType<typeof openScratch>) {
  let count = 0;

  async function image(parts: ImageParts): Promise<string> {
    const layout = startLayout(scratch.path(`image-${count++}`));
    layout.name([[undefined, await layout.image(parts)]]);
    return layout.directory;
  }

  /** What `strata diff --json` says, and its exit code. */
  async function compare(a: ImageParts, b: ImageParts) {
    const { code, stdout } = await strata(['diff', '--json', await image(a), await image(b)]);
    return { code, ...JSON.parse(stdout) };
  }

  return { image, compare };
}
