import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CallOptions } from '../../build/calls/call.ts';
import { isUrl } from '../../core/remote-name.ts';

/**
 * Where a file that diagnostics call `name` lies: relative to the working directory, as those want it who show
 * findings beside a repository's files, or a `file:` URL outside of it. A file that came over a stream or the
 * network is its name.
 */
export function sourceURI(
  name: string,
  { context, dockerfile }: Pick<CallOptions, 'context' | 'dockerfile'>,
): string {
  if (isUrl(name)) return name;
  const path = pathOf(name, context, dockerfile);
  if (path === undefined) return encode(name);
  const local = relative(process.cwd(), path);
  return local.startsWith('../') ? pathToFileURL(path).href : encode(local);
}

function pathOf(name: string, context: string, dockerfile: string | undefined): string | undefined {
  const isFile = dockerfile !== undefined && dockerfile !== '-' && !isUrl(dockerfile);
  const isLocal = context !== '-' && !/^[a-z]+:\/\/|^git@/.test(context);
  if (!isLocal) return undefined;
  if (isFile && name === dockerfile) return resolve(dockerfile);
  if (isFile && name === `${basename(dockerfile)}.dockerignore`)
    return resolve(join(dirname(dockerfile), name));
  return dockerfile === '-' && name === 'Dockerfile' ? undefined : resolve(context, name);
}

function encode(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
