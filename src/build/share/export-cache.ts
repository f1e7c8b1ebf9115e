/** Writes what `--cache-to` asks for: the steps of a build, and the layers that whoever imports them may need. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { KnownPacks } from '../../cache/share/packs.ts';
import type { SharedPlan } from '../../cache/share/shared-cache.ts';
import type { BlobStore } from '../../content/blob-store.ts';
import { openBlobStore } from '../../content/dir-store.ts';
import { IntegrityError, StrataError } from '../../core/errors.ts';
import type { SourceText } from '../../core/source/span.ts';
import { asStep, type StepReporter } from '../../export/as-step.ts';
import { printReceipt, pushToRegistries } from '../../export/push.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseReference } from '../../registry/reference.ts';
import type { PlanAccounts } from '../../solve/step-result.ts';
import type { CacheSpec } from '../options.ts';
import { remoteBlobs } from '../output/remote-blobs.ts';
import { planRecord } from '../record/record-build.ts';
import type { BuildSession } from '../session.ts';
import { assembleParts } from './assemble-parts.ts';
import { cacheBlobs } from './cache-blobs.ts';
import { sweepDirectory, writeToDirectory } from './cache-directory.ts';
import { cacheName } from './cache-spec.ts';
import { gatherCache } from './gather-cache.ts';
import { openCache } from './open-cache.ts';

/**
 * Exports the cache of a build to every place that was asked for.
 * @throws what writing there throws, unless `ignore-error=true`
 */
export async function exportCaches(session: BuildSession, dockerfile: SourceText): Promise<void> {
  const specs = session.options.cacheTo.filter(({ type }) => type !== 'inline');
  for (const [index, spec] of specs.entries()) {
    const step = { id: `cache/export/${index}`, label: `exporting cache to ${cacheName(spec)}` };
    await tolerating(session, spec, () =>
      asStep(step, session.io, (report) => exportCache(session, dockerfile, spec, report)),
    );
  }
  // Whoever exports to where he imported from is its last reader.
  session.imports.close();
  for (const spec of specs) {
    if (spec.type === 'local')
      await tolerating(session, spec, () => sweep(session, spec.attributes.dest ?? ''));
  }
}

async function tolerating(
  { io }: BuildSession,
  { attributes }: CacheSpec,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isIgnored = attributes['ignore-error'] === 'true' && error instanceof StrataError;
    if (io.signal.aborted || !isIgnored) throw error;
  }
}

/** Removes what the new cache of a directory took the place of. */
async function sweep({ io }: BuildSession, dest: string): Promise<void> {
  const removed = existsSync(dest) ? await sweepDirectory(resolve(dest), io.signal) : 0;
  if (removed === 0) return;
  io.emit({ type: 'note', text: `${removed} superseded blobs removed from ${dest}`, at: io.now() });
}

async function exportCache(
  session: BuildSession,
  dockerfile: SourceText,
  spec: CacheSpec,
  report: StepReporter,
): Promise<void> {
  const { workspace } = session.store;
  const scratch = openBlobStore(workspace.subdirectory('cache'), workspace.subdirectory('ingest'));
  const gathered = await gatherCache(session, spec, scratch);
  const blobs = cacheBlobs(session, scratch, gathered);
  const plans = session.accounts.map((each) => sharedPlan(each, dockerfile));
  const write = async (known: KnownPacks) => {
    const root = await assembleParts({ gathered, plans, known, blobs, scratch });
    return send(session, spec, root, blobs, report);
  };
  const known = await knownThere(session, spec, scratch);
  try {
    report.said(await write(known));
  } catch (error) {
    // What was there is torn, or gone since.
    if (!(error instanceof IntegrityError && error.code === 'blob-missing')) throw error;
    report.said(await write(nothingKnown));
  }
}

const nothingKnown: KnownPacks = { packs: new Map(), slices: new Map() };

/** The steps of this build, for explaining what misses a build that imports it. */
function sharedPlan(accounts: PlanAccounts, dockerfile: SourceText): SharedPlan {
  const { platform, steps } = planRecord(accounts, dockerfile, []);
  return {
    platform,
    steps: steps.map(({ id, label, stage, text, below, key }) => ({ id, label, stage, text, below, key })),
  };
}

/** What the place has that the new cache can take over; nothing when it is the first there. */
async function knownThere(session: BuildSession, spec: CacheSpec, scratch: BlobStore): Promise<KnownPacks> {
  const { dest, ...attributes } = spec.attributes;
  const there = { ...spec, attributes: dest === undefined ? attributes : { ...attributes, src: dest } };
  const { store, registry, io } = session;
  try {
    const [known] = await openCache(there, {
      registry,
      blobs: store.blobs,
      scratch,
      platforms: [],
      signal: io.signal,
    });
    known?.close();
    if (known !== undefined) return known.known;
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
  }
  return nothingKnown;
}

/** Writes the artifact and says what that took. */
async function send(
  session: BuildSession,
  { type, attributes }: CacheSpec,
  root: Descriptor,
  blobs: BlobStore,
  { moved }: StepReporter,
): Promise<string> {
  const { store, registry, io } = session;
  if (type === 'local') {
    const { dest = '', tag = 'latest' } = attributes;
    const sent = await writeToDirectory(resolve(dest), tag, root, blobs, io.signal);
    return `${sent} blobs written`;
  }
  const onProgress = (blob: Descriptor, bytes: number) => moved(blob, bytes, bytes === blob.size);
  const reference = parseReference(attributes.ref ?? '');
  const remote = remoteBlobs(session);
  const services = { blobs, refs: store.refs, registry, remote, onProgress, signal: io.signal };
  const pushed = await pushToRegistries(root, [reference], services);
  return pushed.map(({ receipt }) => printReceipt(receipt)).join('; ');
}
