/** Opens and closes workspaces, and fails when somebody takes one away meanwhile. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWorkspace } from '../../../src/build/store/workspace.ts';

const [root = '', rounds = '1'] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round++) {
  const workspace = openWorkspace(root);
  writeFileSync(join(workspace.scratch(), 'f'), '');
  if (!existsSync(join(workspace.directory, 'scratch-0/f'))) process.exitCode = 1;
  workspace.close();
}
