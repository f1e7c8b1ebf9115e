import type { Writable } from 'node:stream';
import { UsageError } from '../../core/errors.ts';
import { platformFromNode } from '../../core/platform.ts';
import { suggest } from '../../core/suggest.ts';
import { manyPlatforms } from '../../export/docker.ts';
import { parseReference, printReference } from '../../registry/reference.ts';
import type { BuildOptions, OutputSpec } from '../options.ts';
import { isIndexed, platformsOf } from '../platforms.ts';
import { formKeys, formOf, isAnnotationKey, sharedAlgorithm } from './image-form.ts';
import type { Output } from './output.ts';
import { writerOf } from './output-writer.ts';

const known = ['tar', 'name', 'push', 'push-by-digest', 'name-canonical', 'platform-split', ...formKeys];

/**
 * Reads the outputs of a build.
 * @throws UsageError `bad-output`, `bad-annotation`; HostError `output-unusable`
 */
export function openOutputs(options: BuildOptions, stdout: Writable): Output[] {
  const { outputs, annotations } = options;
  const host = platformFromNode(process.arch);
  const algorithm = sharedAlgorithm(options);
  const platformCount = platformsOf(options).length;
  const hasIndex = isIndexed(options);
  const defaults = { annotations, isIndexed: hasIndex, host, algorithm };
  return outputs.map((spec) => {
    checkKeys(spec);
    if (spec.type === 'docker' && platformCount > 1) throw manyPlatforms(platformCount);
    const form = isImage(spec) ? { form: formOf(spec, defaults) } : {};
    const own = (spec.attributes.name ?? '').split(',').filter((name) => name !== '');
    const names = [...new Set([...options.tags, ...own].map((name) => printReference(parseReference(name))))];
    const isStored = spec.type === 'store' || spec.type === 'image';
    const writer = writerOf(spec, names, stdout, hasIndex);
    return { names, isStored, isRemote: spec.type === 'registry', ...form, ...writer };
  });
}

function checkKeys({ type, attributes }: OutputSpec): void {
  for (const key of Object.keys(attributes)) {
    if (known.includes(key) || isAnnotationKey(key)) continue;
    const near = suggest(key, known);
    throw new UsageError('bad-output', `--output type=${type} does not know "${key}"`, {
      hint: near === undefined ? `it knows dest, ${known.join(', ')}` : `did you mean "${near}"?`,
    });
  }
}

function isImage({ type }: OutputSpec): boolean {
  return type !== 'tar' && type !== 'local' && type !== 'cacheonly';
}
