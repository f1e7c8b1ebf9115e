/**
 * Image names as people type them, with Docker's completion: `busybox` means
 * `docker.io/library/busybox:latest`. The grammar is that of distribution's references.
 */
import { type BlobDigest, isDigest } from './digest.ts';

export interface Reference {
  /** Host with its port, as it is written in names: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** Path in the registry: `library/busybox`. */
  readonly repository: string;
  /** `latest` when the name had neither tag nor digest. */
  readonly tag?: string;
  /** Wins over the tag. */
  readonly digest?: BlobDigest;
}

/** The registry that is meant when a name says none. */
export const dockerHub = 'docker.io';
export const officialPrefix = 'library/';
const longestName = 255;

const hostPart = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = new RegExp(`^(?:${hostPart}(?:\\.${hostPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** What a text says as the name of an image, or why it is none and what to write instead. */
export type ReferenceReading =
  | { readonly reference: Reference }
  | { readonly reference?: undefined; readonly problem: string; readonly help?: string };

/** Reads `[registry/]name[:tag][@digest]`. */
export function readReference(text: string): ReferenceReading {
  if (text === '') return { problem: 'it is empty' };
  if (/\s/.test(text)) return { problem: 'it has white space in it' };
  if (/^[a-z]+:\/\//i.test(text)) return { problem: 'it is a URL', help: 'leave out the scheme' };
  const [beforeDigest, digest] = cut(text, '@', 'first');
  if (digest !== undefined && !isDigest(digest)) {
    return {
      problem: `"${digest}" is not a sha256 digest`,
      help: 'a digest is sha256: and 64 lower-case hex digits',
    };
  }
  const [registry, rest] = splitRegistry(beforeDigest);
  const [path, tag] = cut(rest, ':', 'last');
  if (!isRegistryHost(registry)) return { problem: `"${registry}" is not a registry host` };
  if (tag !== undefined && !tagPattern.test(tag)) {
    const help = 'a tag has up to 128 letters, digits and "_", ".", "-", and starts with none of "." and "-"';
    return { problem: tag === '' ? 'the tag is empty' : `"${tag}" is not a tag`, help };
  }
  const wrong = problemOfPath(path);
  if (wrong !== undefined) return wrong;
  const repository = registry === dockerHub && !path.includes('/') ? officialPrefix + path : path;
  if (repository.length + registry.length + 1 > longestName) {
    return { problem: `the name is longer than ${longestName} characters` };
  }
  const reference = {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: 'latest' } : {}),
    ...(digest === undefined ? {} : { digest: digest as BlobDigest }),
  };
  return { reference };
}

/** `HOST` or `HOST:PORT`; an IPv6 address stands in brackets. */
export function isRegistryHost(text: string): boolean {
  return host.test(text);
}

/**
 * The part before the first slash is a host when it cannot be part of a Docker Hub name: it has a dot, a
 * colon or an upper-case letter, or is `localhost`.
 */
function splitRegistry(name: string): [registry: string, rest: string] {
  const [first, rest] = cut(name, '/', 'first');
  const isHost = /[.:A-Z]/.test(first) || first === 'localhost';
  if (rest === undefined || !isHost) return [dockerHub, name];
  return [first === `index.${dockerHub}` ? dockerHub : first, rest];
}

function problemOfPath(path: string): { problem: string; help?: string } | undefined {
  if (/^[0-9a-f]{64}$/.test(path)) {
    return { problem: '64 hex digits alone are an image id', help: 'write it as NAME@sha256:…' };
  }
  if (/[A-Z]/.test(path)) {
    return { problem: 'a repository name must be lowercase', help: `did you mean "${path.toLowerCase()}"?` };
  }
  for (const part of path.split('/')) {
    if (part === '')
      return { problem: path === '' ? 'the name is empty' : 'a part between two slashes is empty' };
    if (!component.test(part)) {
      const help =
        'parts are lower-case letters and digits with single ".", "_", "__" or dashes between them';
      return { problem: `"${part}" is not allowed in a name`, help };
    }
  }
  return undefined;
}

function cut(text: string, at: string, which: 'first' | 'last'): [before: string, after: string | undefined] {
  const index = which === 'first' ? text.indexOf(at) : text.lastIndexOf(at);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
