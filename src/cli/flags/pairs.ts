import { isIP } from 'node:net';
import { type Annotation, parseAnnotationPlace } from '../../build/output/annotations.ts';
import { UsageError } from '../../core/errors.ts';
import { platformFromNode } from '../../core/platform.ts';
import { oneOf } from './one-of.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Cuts `NAME=VALUE` at the first equals sign.
 * @throws UsageError `bad-flag-value` when the name is empty
 */
function cut(flag: string, text: string): [name: string, value: string | undefined] {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name.trim() === '') {
    throw new UsageError('bad-flag-value', `${flag} ${text}: the name is empty`, {
      hint: `write ${flag} NAME=VALUE`,
    });
  }
  return [name, equals < 0 ? undefined : text.slice(equals + 1)];
}

/** `--build-arg NAME=VALUE`; a NAME alone takes its value from the environment, if that has one. */
export function parseBuildArg(text: string, environment: Environment): [string, string | undefined] {
  const [name, value] = cut('--build-arg', text);
  return [name, value ?? environment[name]];
}

/** `--label NAME=VALUE`; a name alone has the empty value. */
export function parseLabel(text: string): [string, string] {
  const [name, value = ''] = cut('--label', text);
  return [name, value];
}

/**
 * `--annotation [PLACE[,PLACE]:]NAME=VALUE`, a place being `manifest`, `index`, `manifest-descriptor` or
 * `index-descriptor`, for one platform as `manifest[linux/amd64]`.
 */
export function parseAnnotation(text: string): Annotation[] {
  const [whole, value] = cut('--annotation', text);
  if (value === undefined) throw missingValue('--annotation', text);
  const [, places = 'manifest', name = ''] = /^(?:([^:]*):)?(.*)$/s.exec(whole) ?? [];
  if (name === '') {
    throw new UsageError('bad-flag-value', `--annotation ${text}: the name is empty`, {
      hint: 'write --annotation NAME=VALUE',
    });
  }
  const host = platformFromNode(process.arch);
  return places
    .split(',')
    .map((place) => ({ ...parseAnnotationPlace(place, `--annotation ${text}`, host), name, value }));
}

/** `--build-context NAME=VALUE`. */
export function parseBuildContext(text: string): [string, string] {
  const [name, value] = cut('--build-context', text);
  if (value === undefined || value === '') throw missingValue('--build-context', text);
  return [name, value];
}

/** `--registry-mirror HOST=URL`. */
export function parseMirror(text: string): [string, string] {
  const [host, url] = cut('--registry-mirror', text);
  if (url === undefined || url === '') throw missingValue('--registry-mirror', text);
  return [host, url];
}

/** `--add-host NAME:ADDRESS`, also with `=`; the address may be IPv6, in brackets or not. */
export function parseHost(text: string): string {
  const [, name, address = ''] = /^([^:=\s]+)[:=]\[?([0-9a-fA-F.:]+|host-gateway)\]?$/.exec(text) ?? [];
  if (address !== 'host-gateway' && isIP(address) === 0) {
    throw new UsageError('bad-flag-value', `--add-host ${text}: want NAME:ADDRESS`, {
      hint: 'for example --add-host db:10.0.0.5',
    });
  }
  return `${name}:${address}`;
}

const limits = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss'],
  ...['rtprio', 'rttime', 'sigpending', 'stack'],
];

/** `--ulimit TYPE=SOFT[:HARD]`. */
export function parseUlimit(text: string): string {
  const [, type = '', soft, hard = soft] = /^([a-z]+)=(-1|[0-9]+)(?::(-1|[0-9]+))?$/.exec(text) ?? [];
  if (soft === undefined) {
    throw new UsageError('bad-flag-value', `--ulimit ${text}: want TYPE=SOFT[:HARD]`, {
      hint: 'for example --ulimit nofile=1024:2048',
    });
  }
  oneOf('--ulimit', type, limits);
  if (hard !== '-1' && (soft === '-1' || Number(soft) > Number(hard))) {
    throw new UsageError('bad-flag-value', `--ulimit ${text}: the soft limit is above the hard one`);
  }
  return text;
}

function missingValue(flag: string, text: string): UsageError {
  return new UsageError('missing-value', `${flag} ${text}: the value is missing`, {
    hint: `write ${flag} ${text.replace(/=$/, '')}=VALUE`,
  });
}
