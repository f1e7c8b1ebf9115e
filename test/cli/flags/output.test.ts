import { describe, expect, test } from 'vitest';
import { parseOutput } from '../../../src/cli/flags/output.ts';
import { outcome, type Want } from './outcome.ts';

describe('--output', () => {
  const rows: [text: string, want: Want][] = [
    ['out', { type: 'local', dest: 'out', attributes: {} }],
    ['-', { type: 'tar', dest: '-', attributes: {} }],
    ['type=oci,dest=a.tar', { type: 'oci', dest: 'a.tar', attributes: {} }],
    ['"type=oci,"', 'bad-output: --output "type=oci,": unknown type "oci," | did you mean type=oci?'],
    ['type=oci', { type: 'oci', dest: '-', attributes: {} }],
    ['TYPE=oci,Dest=a,TAR=0', { type: 'oci', dest: 'a', attributes: { tar: 'false' } }],
    [
      'type=oci,dest=a,annotation.org.Example=x=y',
      { type: 'oci', dest: 'a', attributes: { 'annotation.org.Example': 'x=y' } },
    ],
    ['type=image', { type: 'image', dest: undefined, attributes: {} }],
    ['type=cacheonly', { type: 'cacheonly', dest: undefined, attributes: {} }],
    ['type=cacheonly,name=x', expect.stringMatching(/^unknown-key: .*unknown key "name"/)],
    ['type=tar,platform-split=1', { type: 'tar', dest: '-', attributes: { 'platform-split': 'true' } }],
    [
      'type=local',
      'bad-output: --output type=local: dest is missing | type=local wants the directory to write to: type=local,dest=DIR',
    ],
    [
      'type=image,dest=x',
      'bad-output: --output type=image,dest=x: type=image has no dest | type=oci and type=docker write files',
    ],
    ['type=ocy,dest=x', 'bad-output: --output type=ocy,dest=x: unknown type "ocy" | did you mean type=oci?'],
    [
      'dest=x',
      'bad-output: --output dest=x: type is missing | the types are oci, docker, tar, local, registry, image, cacheonly',
    ],
    ['type=oci,dst=x', 'unknown-key: --output type=oci,dst=x: unknown key "dst" | did you mean dest?'],
    ['type=local,dest=x,tar=true', expect.stringMatching(/^unknown-key: .*unknown key "tar"/)],
    [
      'type=oci,dest',
      'missing-value: --output type=oci,dest: "dest" is not of the form key=value | for example type=oci,dest=image.tar',
    ],
    ['type=oci,dest=a,dest=b', 'repeated-key: --output type=oci,dest=a,dest=b: dest is given twice'],
    ['type=oci,tar=maybe', 'bad-output: --output type=oci,tar=maybe: tar is true or false, not "maybe"'],
    ['type=oci,tar=false', expect.stringMatching(/a directory cannot go to standard output/)],
    [
      'type=oci,compression=lz4',
      expect.stringMatching(/unknown compression "lz4" \| the compressions are gzip, zstd, uncompressed/),
    ],
  ];
  test.each(rows)('%s', (text, want) => {
    expect(outcome(() => parseOutput(text))).toEqual(want);
  });
});
