/**
 * Image names as people type them, with Docker's completion: `busybox` means
 * `docker.io/library/busybox:latest`.
 */
import { type BlobDigest, isDigest } from '../core/digest.ts';
import { StrataError } from '../core/errors.ts';

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
const officialPrefix = 'library/';
const longestName = 255;

const hostPart = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = new RegExp(`^(?:${hostPart}(?:\\.${hostPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Reads `[registry/]name[:tag][@digest]`.
 * @throws StrataError `bad-reference`
 */
export function parseReference(text: string): Reference {
  const fail = (why: string, hint?: string): never => {
    throw new StrataError('bad-reference', `"${text}" is not an image name: ${why}`, { hint });
  };
  if (text === '') return fail('it is empty');
  if (/\s/.test(text)) return fail('it has white space in it');
  if (/^[a-z]+:\/\//i.test(text)) return fail('it is a URL', 'leave out the scheme');
  const [beforeDigest, digest] = cut(text, '@', 'first');
  if (digest !== undefined && !isDigest(digest)) {
    fail(`"${digest}" is not a sha256 digest`, 'a digest is sha256: and 64 lower-case hex digits');
  }
  const [registry, rest] = splitRegistry(beforeDigest);
  const [path, tag] = cut(rest, ':', 'last');
  if (!host.test(registry)) return fail(`"${registry}" is not a registry host`);
  if (tag !== undefined && !tagPattern.test(tag)) {
    const hint = 'a tag has up to 128 letters, digits and "_", ".", "-", and starts with none of "." and "-"';
    return fail(tag === '' ? 'the tag is empty' : `"${tag}" is not a tag`, hint);
  }
  const repository = registry === dockerHub && !path.includes('/') ? officialPrefix + path : path;
  checkPath(path, fail);
  if (repository.length + registry.length + 1 > longestName) {
    return fail(`the name is longer than ${longestName} characters`);
  }
  return {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: 'latest' } : {}),
    ...(digest === undefined ? {} : { digest: digest as BlobDigest }),
  };
}

/** Other names of Docker Hub: the one its credentials are filed under, and the host that answers. */
const hubHosts = ['index.docker.io', 'registry-1.docker.io'];

/**
 * Reads the name of a registry, as a host or as an address of any age (`https://index.docker.io/v1/`).
 * @throws StrataError `bad-registry`
 */
export function parseRegistry(text: string): string {
  const name = text.replace(/^https?:\/\//i, '').replace(/\/.*$/, '');
  if (hubHosts.includes(name)) return dockerHub;
  if (host.test(name)) return name;
  throw new StrataError('bad-registry', `"${text}" is not the name of a registry`, {
    hint: 'want a host such as registry.example.org or localhost:5000',
  });
}

/** The whole name, nothing left out: `docker.io/library/busybox:latest`. */
export function printReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffix(reference)}`;
}

/** The shortest name that means the same, as Docker shows it: `busybox:latest`. */
export function familiarName(reference: Reference): string {
  const { registry, repository } = reference;
  if (registry !== dockerHub) return printReference(reference);
  const short = repository.slice(officialPrefix.length);
  const isOfficial = repository.startsWith(officialPrefix) && !short.includes('/');
  return `${isOfficial ? short : repository}${suffix(reference)}`;
}

function suffix({ tag, digest }: Reference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
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

function checkPath(path: string, fail: (why: string, hint?: string) => never): void {
  if (/^[0-9a-f]{64}$/.test(path)) fail('64 hex digits alone are an image id', 'write it as NAME@sha256:…');
  if (/[A-Z]/.test(path)) fail('upper-case letters are not allowed', `did you mean "${path.toLowerCase()}"?`);
  for (const part of path.split('/')) {
    if (part === '') fail(path === '' ? 'the name is empty' : 'a part between two slashes is empty');
    if (!component.test(part)) {
      const hint =
        'parts are lower-case letters and digits with single ".", "_", "__" or dashes between them';
      fail(`"${part}" is not allowed in a name`, hint);
    }
  }
}

function cut(text: string, at: string, which: 'first' | 'last'): [before: string, after: string | undefined] {
  const index = which === 'first' ? text.indexOf(at) : text.lastIndexOf(at);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
