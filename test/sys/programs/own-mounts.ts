/** Mounts a tmpfs at the directory given, in a mount namespace of its own, and says who sees it. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { mountFilesystem } from '../../../src/sys/mount/mount.ts';
import { enterMountNamespace } from '../../../src/sys/mount/mount-namespace.ts';

const target = process.argv[2] ?? '';
await access(target);
enterMountNamespace();
mountFilesystem({ source: 'tmpfs', target, type: 'tmpfs' });
enterMountNamespace();
const file = `${target}/seen`;
writeFileSync(file, '');
const worker = new Worker(
  `const { parentPort, workerData } = require('node:worker_threads');
   parentPort.postMessage(require('node:fs').existsSync(workerData));`,
  { eval: true, workerData: file },
);
process.stdout.write(
  JSON.stringify({
    mainThread: existsSync(file),
    child: execFileSync('ls', [target], { encoding: 'utf8' }) === 'seen\n',
    laterThread: await new Promise((resolve) => worker.once('message', resolve)),
    earlierThread: await access(file).then(
      () => true,
      () => false,
    ),
  }),
);
if (process.argv[3] === 'die') process.kill(process.pid, 'SIGKILL');
