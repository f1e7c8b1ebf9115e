import type { BuildReport } from '../../build/record/build-report.ts';
import { StrataError } from '../../core/errors.ts';
import { inspectImage } from '../../inspect/inspect-image.ts';
import type { CommandContext } from '../commands/command.ts';
import { withImages } from '../inspect/image-access.ts';
import type { PageImage } from '../page/data.ts';
import { pageImage, writePage } from '../page/write-page.ts';

/**
 * Writes the page of a build: its timeline, and the images it made as far as they are still in the store.
 * @throws HostError `cannot-write-file`; IntegrityError when an image is damaged
 */
export async function writeBuildPage(
  file: string,
  build: BuildReport,
  context: CommandContext,
): Promise<void> {
  const images: PageImage[] = [];
  for (const { digest, platform } of build.images) {
    const image = await findImage(digest, platform, context);
    if (image !== undefined) images.push(image);
  }
  writePage(file, { kind: 'build', build, images }, context);
}

async function findImage(
  digest: string,
  platform: string,
  context: CommandContext,
): Promise<PageImage | undefined> {
  const flags = { platform, registryMirror: [], insecureRegistry: [] };
  try {
    return await withImages([digest], flags, context, async ([image], known) =>
      image === undefined ? undefined : pageImage(await inspectImage(image, known)),
    );
  } catch (error) {
    if (error instanceof StrataError && error.code === 'no-such-image') return undefined;
    throw error;
  }
}
