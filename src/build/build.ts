/**
 * One build from text to image: read the Dockerfile, plan what the target needs, solve it from the cache or
 * by running it, make the image of the layers, hand it over.
 */
import { CanceledError } from '../core/errors.ts';
import { traced } from '../core/trace.ts';
import type { PlatformBuild } from './build-platform.ts';
import { buildPlatforms } from './build-platforms.ts';
import { type BuildInputs, openInputs } from './inputs/inputs.ts';
import { type ParsedInputs, parseInputs } from './inputs/parse-inputs.ts';
import type { BuildIO, BuildOptions, BuildResult } from './options.ts';
import { type HandedOver, handOver } from './output/hand-over.ts';
import { openOutputs } from './output/open-outputs.ts';
import { layerWish, type Output } from './output/output.ts';
import { imageIDOf, prepareResultFiles, writeResultFiles } from './output/result-files.ts';
import { isExplained, recordBuild } from './record/record-build.ts';
import { summarizeBuild } from './record/summarize-build.ts';
import { maskSecrets } from './secrets/mask-secrets.ts';
import { readSecrets } from './secrets/read-secrets.ts';
import { type BuildSession, openSession } from './session.ts';
import { fetchExplanations, isImportLost, keepImported } from './share/keep-imported.ts';
import { isLossOfStore } from './store/store-damage.ts';

/**
 * Builds what the options ask for.
 * @throws DockerfileError, StepError, HostError, RemoteError, IntegrityError, UsageError, CanceledError
 */
export async function build(options: BuildOptions, world: BuildIO): Promise<BuildResult> {
  const secrets = readSecrets(options.secrets, world);
  const masking = maskSecrets(secrets);
  const outputs = openOutputs(options, world.stdout);
  prepareResultFiles(options);
  const session = traced('open store', () =>
    openSession(options, { ...world, emit: masking.emitTo(world.emit) }, secrets),
  );
  const { io } = session;
  try {
    const { store, damage } = session;
    const inputs = await traced('open inputs', () =>
      openInputs(options, { ...io, servers: session.servers }, store.workspace.scratch, damage.onDamagedFile),
    );
    const parsed = traced('parse', () => parse(inputs, io));
    const builds: PlatformBuild[] = [];
    try {
      const handed = await withWhatIsThere(session, () => produce(session, inputs, parsed, outputs, builds));
      await traced('keep digests', inputs.save);
      const record = traced('record build', () =>
        recordBuild(session, inputs.dockerfile, { images: handed.images, builds }),
      );
      await writeResultFiles(options, handed, record);
      io.emit({ type: 'summary', summary: summarizeBuild(record), at: io.now() });
      const imageID = imageIDOf(handed);
      return { images: handed.images, ...(imageID === undefined ? {} : { imageID }), record };
    } catch (error) {
      const record = recordBuild(session, inputs.dockerfile, {
        images: [],
        builds,
        error: masking.error(error),
      });
      if (!io.signal.aborted) io.emit({ type: 'summary', summary: summarizeBuild(record), at: io.now() });
      throw error;
    }
  } catch (error) {
    throw io.signal.aborted ? new CanceledError() : masking.error(error);
  } finally {
    await traced('close', session.close);
  }
}

/**
 * Builds, hands over the image, and sends what caches are to have.
 * @param builds holds what was built of each platform in the end, also when something fails
 */
async function produce(
  session: BuildSession,
  inputs: BuildInputs,
  parsed: ParsedInputs,
  outputs: readonly Output[],
  builds: PlatformBuild[],
): Promise<HandedOver> {
  const { options } = session;
  builds.length = 0;
  await buildPlatforms(session, inputs, parsed, layerWish(outputs), builds);
  session.bases.finish();
  const handed = await handOver(session, builds, outputs);
  await keepImported(session);
  if (isExplained(options)) await fetchExplanations(session);
  if (options.cacheTo.length > 0) {
    const { exportCaches } = await import('./share/export-cache.ts');
    await exportCaches(session, inputs.dockerfile);
  }
  return handed;
}

/**
 * Builds anew each time something goes away while it is used: an import, or a blob of the store that turned out
 * damaged. Each is told of where it is met, and answers no more.
 */
async function withWhatIsThere<T>(session: BuildSession, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const lostBefore = session.damage.lostBlobs();
    try {
      return await work();
    } catch (error) {
      const isOfStore = isLossOfStore(error) && session.damage.lostBlobs() > lostBefore;
      if (!isOfStore && !isImportLost(error)) throw error;
      session.accounts.length = 0;
    }
  }
}

function parse(inputs: BuildInputs, io: BuildIO): ParsedInputs {
  const parsed = parseInputs(inputs);
  const { syntax } = parsed.dockerfile.directives;
  if (syntax !== undefined) {
    const text = `the frontend "${syntax.raw}" is not loaded: strata reads the language itself`;
    io.emit({ type: 'note', text, isDetail: true, at: io.now() });
  }
  return parsed;
}
