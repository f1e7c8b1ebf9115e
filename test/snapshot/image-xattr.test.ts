import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytePathFromText } from '../../src/core/byte-path.ts';
import { emptyTree } from '../../src/core/file-tree.ts';
import { diffSnapshot } from '../../src/layer/diff.ts';
import { mergedTree } from '../../src/snapshot/merged-tree.ts';
import { setXattr } from '../../src/sys/xattr.ts';
import { describeWith } from '../support/capabilities.ts';

const wanted = ['security.capability', 'user.note'];

describeWith(['root'], 'a file with its capabilities and the label that the machine gave it', () => {
  let upper: string;
  beforeEach(() => {
    upper = mkdtempSync(join(tmpdir(), 'strata-xattrs-'));
    const path = join(upper, 'file');
    writeFileSync(path, '');
    // As setcap cap_net_raw+ep does (capabilities(7)).
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    setXattr(bytePathFromText(path), 'security.capability', capability);
    setXattr(bytePathFromText(path), 'user.note', Buffer.from('1'));
    const label = Buffer.from('system_u:object_r:var_lib_t:s0\0');
    for (const at of [path, upper]) setXattr(bytePathFromText(at), 'security.selinux', label);
  });
  afterEach(() => rmSync(upper, { recursive: true }));

  test('goes into a layer without the label', () => {
    const names = [...diffSnapshot(upper, emptyTree)].map((entry) =>
      entry.type === 'delete' ? [] : entry.xattrs.map(({ name }) => name),
    );
    expect(names).toEqual([[], wanted]);
  });

  test('is shown without it to whoever copies or exports it', () => {
    const tree = mergedTree([bytePathFromText(upper)]);
    expect(['', 'file'].map((path) => tree.xattrs(path).map(({ name }) => name))).toEqual([[], wanted]);
  });
});
