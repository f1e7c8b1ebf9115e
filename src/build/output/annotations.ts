/** Annotations of an image (image-spec, annotations.md), and where in it each is put. */
import { UsageError } from '../../core/errors.ts';
import { type Platform, parsePlatform, printPlatform } from '../../core/platform.ts';
import { suggest } from '../../core/suggest.ts';

/** The levels have buildx's names. */
const levels = ['manifest', 'index', 'manifest-descriptor', 'index-descriptor'] as const;
export type AnnotationLevel = (typeof levels)[number];

export interface Annotation {
  readonly level: AnnotationLevel;
  /** The image of one platform only; undefined for those of all. */
  readonly platform: string | undefined;
  readonly name: string;
  readonly value: string;
}

/**
 * Reads what stands before the name: `index`, or `manifest[linux/amd64]`.
 * @param text is shown when it is wrong
 * @throws UsageError `bad-annotation`
 */
export function parseAnnotationPlace(
  place: string,
  text: string,
  host: Platform,
): Pick<Annotation, 'level' | 'platform'> {
  const [, word = '', platform] = /^([a-z-]+)(?:\[([^\]]*)\])?$/.exec(place) ?? [];
  const level = levels.find((each) => each === word);
  if (level === undefined) {
    const near = suggest(word === '' ? place : word, levels);
    throw new UsageError('bad-annotation', `${text}: "${place}" is no place for an annotation`, {
      hint: near === undefined ? `the places are ${levels.join(', ')}` : `did you mean ${near}?`,
    });
  }
  return {
    level,
    platform: platform === undefined ? undefined : printPlatform(parsePlatform(platform, host)),
  };
}

/** The annotations of one level, of the image for one platform where the level has several. */
export function annotationsAt(
  annotations: readonly Annotation[],
  level: AnnotationLevel,
  platform?: Platform,
): Readonly<Record<string, string>> {
  const here = platform === undefined ? undefined : printPlatform(platform);
  const found = annotations.filter(
    (each) => each.level === level && (each.platform === undefined || each.platform === here),
  );
  return Object.fromEntries(found.map(({ name, value }) => [name, value]));
}
