import { describe, expect, test } from 'vitest';
import { parseCache } from '../../../src/cli/flags/cache.ts';
import { outcome, type Want } from './outcome.ts';

describe('--cache-from and --cache-to', () => {
  const rows: [direction: 'from' | 'to', text: string, want: Want][] = [
    ['from', 'example.org/app:cache', { type: 'registry', attributes: { ref: 'example.org/app:cache' } }],
    ['from', 'type=local,src=dir', { type: 'local', attributes: { src: 'dir' } }],
    [
      'to',
      'type=registry,ref=a,mode=max,ignore-error=true',
      { type: 'registry', attributes: { ref: 'a', mode: 'max', 'ignore-error': 'true' } },
    ],
    ['to', 'type=inline', { type: 'inline', attributes: {} }],
    [
      'from',
      'type=inline',
      'bad-cache: --cache-from type=inline: unknown type "inline" | the types are registry, local',
    ],
    [
      'to',
      'type=locl,dest=x',
      'bad-cache: --cache-to type=locl,dest=x: unknown type "locl" | did you mean type=local?',
    ],
    ['to', 'type=local,src=x', expect.stringMatching(/^unknown-key: .*unknown key "src"/)],
    ['to', 'type=local', 'bad-cache: --cache-to type=local: dest is missing | write type=local,dest=…'],
    ['to', 'dest=x', expect.stringMatching(/^bad-cache: .*type is missing/)],
    [
      'to',
      'type=local,dest=x,mode=all',
      'bad-cache: --cache-to type=local,dest=x,mode=all: mode cannot be "all" | it can be min or max',
    ],
    ['to', 'type=local,dest=x,compression=lzma', expect.stringMatching(/gzip or zstd or uncompressed$/)],
    ['to', 'type=local,dest=x,compression-level=10', expect.stringMatching(/gzip has levels from 0 to 9$/)],
    ['to', 'type=registry,ref=a,image-manifest=false', expect.stringMatching(/it can be true$/)],
    [
      'to',
      'type=registry,ref=a,image-manifest=true,oci-mediatypes=true',
      { type: 'registry', attributes: { ref: 'a', 'image-manifest': 'true', 'oci-mediatypes': 'true' } },
    ],
    ['from', 'type=registry,ref=a,ignore-error=yes', expect.stringMatching(/ignore-error cannot be "yes"/)],
    [
      'to',
      'type=gha,mode=max',
      expect.stringMatching(/strata keeps no caches of type=gha \| use type=registry .*actions\/cache$/),
    ],
    ['from', 'type=s3,bucket=b', expect.stringMatching(/strata keeps no caches of type=s3 \| use type=reg/)],
    ['from', 'type=azblob', expect.stringMatching(/strata keeps no caches of type=azblob \| use type=reg/)],
  ];
  test.each(rows)('%s %s', (direction, text, want) => {
    expect(outcome(() => parseCache(direction, text))).toEqual(want);
  });
});
