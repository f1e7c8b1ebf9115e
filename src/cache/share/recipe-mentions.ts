/** What recipes say of other stages and of files: a cache that travels takes along what they name. */
import { type Digest, isDigest, type KeyDigest } from '../../core/digest.ts';
import type { Recipe } from '../recipe.ts';

/** The selections of files that a recipe names: those of a copy, and those its mounts show. */
export function selectionsOf({ parts }: Recipe): Digest[] {
  return parts.flatMap(([name, value]) => {
    if (name === 'files') return isDigest(value) ? [value] : [];
    if (name !== 'mount') return [];
    const { files } = JSON.parse(value) as { files?: string };
    return files !== undefined && isDigest(files) ? [files] : [];
  });
}

type Answer = readonly [question: KeyDigest, answer: Digest];

/** What a recipe notes of questions about files of other stages, with their answers. */
export function answersOf(recipe: Recipe): Answer[] {
  return [...answersNoted(recipe, 'answer'), ...answersNoted(recipe, 'stack-answer')];
}

/** Those of them that can be asked before the stage has run: the same on every machine. */
export function answersByDefinition(recipe: Recipe): Answer[] {
  return answersNoted(recipe, 'answer');
}

function answersNoted({ notes = [] }: Recipe, wanted: 'answer' | 'stack-answer'): Answer[] {
  return notes.flatMap(([name, value]): Answer[] => {
    const [question = '', answer = ''] = value.split(' ');
    return name === wanted && isDigest(question) && isDigest(answer) ? [[question, answer]] : [];
  });
}
