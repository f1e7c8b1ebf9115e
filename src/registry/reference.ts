/** Image names, read and printed; their grammar is in `core/image-reference`. */
import { StrataError } from '../core/errors.ts';
import {
  dockerHub,
  isRegistryHost,
  officialPrefix,
  type Reference,
  readReference,
} from '../core/image-reference.ts';

/**
 * Reads `[registry/]name[:tag][@digest]`.
 * @throws StrataError `bad-reference`
 */
export function parseReference(text: string): Reference {
  const reading = readReference(text);
  if (reading.reference !== undefined) return reading.reference;
  const { problem, help } = reading;
  throw new StrataError('bad-reference', `"${text}" is not an image name: ${problem}`, { hint: help });
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
  if (isRegistryHost(name)) return name;
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
