/** A step that prints more than fits into any memory. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { run } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'a step that prints without end', (site) => {
  beforeAll(() => site.makeBusyboxBase());

  test.each([
    ['half a gigabyte in lines', 'yes 0123456789012345678901234567890123456789 | head -c 500000000'],
    ['a line of 100 MB', 'head -c 100000000 /dev/zero | tr "\\0" x'],
  ])('is read as fast as it is shown, and no faster: %s', { timeout: 240_000 }, async (title, command) => {
    const context = site.files(title, {
      Dockerfile: `FROM strata-base/busybox\nRUN ${command}; echo and an end > /end\nRUN cat /end > /again\n`,
    });
    const build = [`${projectDir}/bin/strata`, 'build', '--progress', 'plain', context];
    let peakKilobytes = 0;
    let watch: NodeJS.Timeout | undefined;
    const { code } = await run('sh', ['-c', 'exec "$@" 2> /dev/null', 'sh', ...build], {
      env: site.environment,
      onStart: (pid) => {
        watch = setInterval(() => {
          peakKilobytes = Math.max(peakKilobytes, peakMemory(pid));
        }, 100);
      },
    });
    clearInterval(watch);
    expect(code).toBe(0);
    expect(peakKilobytes).toBeGreaterThan(30_000);
    expect(peakKilobytes).toBeLessThan(300_000);
  });
});

/** Of a process, in KiB (proc_pid_status(5), VmHWM); 0 when it has ended. */
function peakMemory(pid: number): number {
  try {
    return Number(/^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
