import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytePathFromText } from '../../src/core/byte-path.ts';
import { emptyTree } from '../../src/core/file-tree.ts';
import { diffSnapshot } from '../../src/layer/diff.ts';
import { setXattr } from '../../src/sys/xattr.ts';
import { describeWith } from '../support/capabilities.ts';

describeWith(['root'], 'what a step left', () => {
  let upper: string;
  beforeEach(() => {
    upper = mkdtempSync(join(tmpdir(), 'strata-xattrs-'));
  });
  afterEach(() => rmSync(upper, { recursive: true }));

  test('goes into a layer with its capabilities, and without the label that the machine gave it', () => {
    const path = join(upper, 'file');
    writeFileSync(path, '');
    // As setcap cap_net_raw+ep does (capabilities(7)).
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    setXattr(bytePathFromText(path), 'security.capability', capability);
    const label = Buffer.from('system_u:object_r:var_lib_t:s0\0');
    for (const at of [path, upper]) setXattr(bytePathFromText(at), 'security.selinux', label);
    setXattr(bytePathFromText(path), 'user.note', Buffer.from('1'));
    const entries = [...diffSnapshot(upper, emptyTree)];
    // The root first.
    const names = entries.map((entry) =>
      entry.type === 'delete' ? [] : entry.xattrs.map(({ name }) => name),
    );
    expect(names).toEqual([[], ['security.capability', 'user.note']]);
  });
});
