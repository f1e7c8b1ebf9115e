/** Builds of an ordinary user: what comes out, and what is left behind. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { debianRootfs } from '../support/bases.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';
import { makePerson, type Person } from '../support/unprivileged.ts';

const needs = [...sandboxNeeds, 'newuidmap'] as const;

/** The layers of an image, as `strata inspect` tells them. */
function diffIDs(inspected: string): string[] {
  const { layers } = JSON.parse(inspected) as { layers: { diffID: string }[] };
  return layers.map(({ diffID }) => diffID);
}

describeBuilds([...needs, 'mmdebstrap'], 'an image built without root', (site) => {
  let person: Person;
  beforeAll(async () => {
    person = await makePerson(site.path('person'), 65_536);
  });
  afterAll(() => person?.remove());

  test('has the layers of root: owners, setuid bits, capabilities, devices, deletions', async () => {
    const epoch = { env: { SOURCE_DATE_EPOCH: '1000000000' } };
    const base = site.files('base', { Dockerfile: 'FROM scratch\nADD rootfs.tar devices.tar /\n' });
    const srv = site.files('devices', { 'srv/': '' });
    await runOk('mknod', ['-m', '640', join(srv, 'srv/char'), 'c', '1', '7']);
    await runOk('mknod', ['-m', '640', join(srv, 'srv/block'), 'b', '7', '300']);
    await runOk('tar', ['-C', srv, '-cf', join(base, 'devices.tar'), 'srv']);
    copyFileSync(await debianRootfs([]), join(base, 'rootfs.tar'));
    const app = site.files('app', { Dockerfile: sameEverywhere, file: 'content\n' });
    await runOk('touch', ['-d', '@1000000000', join(app, 'file')]);

    const build = ['build', '--network', 'none', '--output', 'type=oci,dest=app.tar', app];
    await site.strataOk(['build', '-t', 'base', base], epoch);
    await site.strataOk(build, { ...epoch, cwd: site.dir });
    await person.strataOk(['build', '-t', 'base', base], epoch);
    await person.strataOk(build, epoch);

    const byRoot = diffIDs(await site.strataOk(['inspect', '--json', site.path('app.tar')]));
    const byPerson = diffIDs(await person.strataOk(['inspect', '--json', join(person.home, 'app.tar')]));
    expect(byRoot).toHaveLength(5);
    expect(byPerson).toEqual(byRoot);
  });
});

/** Everything in a layer that a user namespace might change; all dates are set. */
const sameEverywhere = `
FROM base
RUN chown 33:42 /etc/issue && chmod 6755 /etc/issue && rm -r /usr/share/doc && mkdir /usr/share/doc \\
 && rm /etc/debian_version /srv/char && chown 3:4 /srv/block \\
 && touch -d @1000000000 /etc/issue /etc /usr/share/doc /usr/share /srv/block /srv
RUN cp /bin/true /srv/able && chown 1:2 /srv/able && perl -e ' \\
      my ($file, $name, $value) = ("/srv/able", "security.capability", pack("V5", 0x02000001, 1 << 13, 0, 0, 0)); \\
      syscall((grep { /x86_64/ } \`uname -m\`) ? 188 : 5, $file, $name, $value, 20, 0) == 0 or die $!' \\
 && touch -d @1000000000 /srv/able /srv
COPY --chown=4242:65000 --chmod=2751 file /srv/
COPY --from=base /etc/shadow /usr/bin/passwd /srv/
`;
