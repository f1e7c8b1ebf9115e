/** docs/SECURITY.md, asked from within: what a step can reach, and what it can do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkshop, runIn, type Workshop } from './busybox-root.ts';

describe.each(['runc', 'crun'])('with %s a step', (runtime) => {
  let workshop: Workshop;
  let canary: string;
  beforeAll(async () => {
    workshop = await openWorkshop(runtime);
    canary = mkdtempSync(join(tmpdir(), 'canary-'));
    writeFileSync(join(canary, 'file'), 'canary');
  });
  afterAll(async () => {
    await workshop.close();
    rmSync(canary, { recursive: true });
  });
  const ask = async (script: string) => (await runIn(workshop, script)).stdout.trim();

  test.each([
    ['mount', 'mount -t tmpfs x /tmp'],
    ['mount a device of the host', 'mknod /tmp/d b 254 0 && mount -t ext4 /tmp/d /mnt'],
    ['make namespaces', 'unshare -U true || unshare -n true || unshare -p true'],
    ['enter the namespaces of another', 'nsenter -t 1 -m true'],
    ['set the time', 'date -s 2001-01-01; test "$(date +%Y)" = 2001'],
    ['set its host name', 'hostname other'],
    ['load a kernel module', 'insmod /etc/passwd'],
    ['reboot', 'reboot -f'],
    ['swap', 'swapoff -a; swapon /etc/passwd'],
    ['change the root of mounts', 'mkdir /tmp/p; pivot_root /tmp/p /tmp/p'],
    ['read the kernel log', 'dmesg'],
    ['raise its priority', 'nice -n -5 true 2>&1 | grep -q . && false'],
    ['open a device that is not of every container', 'mknod /tmp/m c 1 1; head -c 1 /tmp/m'],
    ['change kernel settings', 'echo 1 > /proc/sys/vm/drop_caches'],
    ['press the magic key', 'echo h > /proc/sysrq-trigger'],
    ['write to /sys', 'echo x > /sys/kernel/uevent_helper || mkdir /sys/fs/cgroup/x'],
    ['read memory of the kernel', 'test "$(head -c 4 /proc/kcore | wc -c)" -gt 0'],
    ['read keys', 'test -s /proc/keys'],
  ])('cannot %s', async (_title, script) => {
    expect(await ask(`if { ${script}; } >/dev/null 2>&1; then echo done; else echo refused; fi`)).toBe(
      'refused',
    );
  });

  test('sees no process of the host, and none of its own runtime', async () => {
    expect(
      await ask('for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline | cut -c1-7; done | sort -u'),
    ).not.toMatch(/node|runc|crun|warden/);
  });

  test('reaches no file of the host, by no way out of its root', async () => {
    const path = join(canary, 'file');
    const ways = [
      path,
      `/../../../..${path}`,
      `/proc/1/root${path}`,
      `/proc/self/root/..${path}`,
      `/proc/1/cwd/..${path}`,
    ];
    expect(await ask(`ln -s / /tmp/up; cat ${ways.join(' ')} /tmp/up${path} 2>/dev/null; echo end`)).toBe(
      'end',
    );
  });

  test('has no descriptor but its three, and nothing of our environment', async () => {
    expect(await ask('ls /proc/self/fd | wc -l; env | grep -c STRATA')).toBe('4\n0');
  });

  test('leaves no process behind that left its session, ignores signals and was orphaned', async () => {
    const mark = `${61_000_000 + process.pid}`;
    const script = `(trap "" TERM HUP INT; setsid sh -c 'trap "" TERM HUP; exec sleep ${mark}' & ) ; echo on`;
    expect(await ask(script)).toBe('on');
    expect(await ask(`ps | grep -c "[s]leep ${mark}"`)).toBe('0');
  });

  test('may close its outputs, and leave zombies, and ends all the same', async () => {
    const script = 'exec >&- 2>&-; for i in 1 2 3 4 5; do (true &) ; done; sleep 0.1; exit 4';
    expect((await runIn(workshop, script)).code).toBe(4);
  });
});
