import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { openRefs } from '../../src/content/refs.ts';
import type { ProgressEvent } from '../../src/core/event.ts';
import { type AssembledImage, assembleIndex } from '../../src/export/assemble.ts';
import { openRegistry, type Registry } from '../../src/registry/registry.ts';
import type { LocalStore } from '../../src/store/local-store.ts';
import { pullImage, type RegistryWork } from '../../src/store/pull.ts';
import { pushStored } from '../../src/store/push.ts';
import { openWorkspace, storeImage, type Workspace } from '../export/sample.ts';
import { describeWith } from '../support/capabilities.ts';
import { runOk } from '../support/process.ts';
import { type Registry as Server, startRegistry } from '../support/registry.ts';
import { clientOptions } from '../support/registry-client.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };

describeWith(['registry', 'skopeo'], 'pull and push', () => {
  let server: Server;
  let serverSpace: Workspace;
  let space: Workspace;
  let store: LocalStore;
  let other: LocalStore;
  let image: AssembledImage;
  let registry: Registry;
  let events: ProgressEvent[];
  let work: RegistryWork;

  beforeAll(async () => {
    serverSpace = openWorkspace();
    server = await startRegistry(serverSpace.path('registry'));
  });
  afterAll(async () => {
    await server.stop();
    serverSpace.remove();
  });
  beforeEach(async () => {
    space = openWorkspace();
    store = { blobs: space.blobs, refs: openRefs(space.path('images')) };
    const images = space.path('other');
    other = { blobs: openBlobStore(images, space.path('other-ingest')), refs: openRefs(images) };
    image = await storeImage(space);
    events = [];
    registry = openRegistry(clientOptions);
    const { signal } = new AbortController();
    work = { registry, emit: (event) => events.push(event), signal, now: () => 0 };
  });
  afterEach(async () => {
    await registry.close();
    space.remove();
  });

  const push = (...names: string[]) => pushStored(names, { allTags: false }, store, work);

  test('what is pushed can be pulled, and skopeo finds it there', async () => {
    const name = `${server.host}/team/app:1`;
    await store.refs.set(name, image.manifest);
    expect(await push(name)).toEqual([{ name, digest: image.manifest.digest }]);
    const seen = await runOk('skopeo', ['inspect', '--tls-verify=false', `docker://${name}`]);
    expect(JSON.parse(seen)).toMatchObject({ Digest: image.manifest.digest, Labels: { kind: 'sample' } });

    expect(await pullImage(name, amd64, other, work)).toEqual({ name, digest: image.manifest.digest });
    expect(other.refs.get(name)?.digest).toBe(image.manifest.digest);
    expect(other.blobs.list().length).toBe(store.blobs.list().length);
    const states = events.flatMap((event) => (event.type === 'step' ? `${event.id}: ${event.state}` : []));
    expect(states).toEqual([
      `pushing ${name}: started`,
      `pushing ${name}: done`,
      `pulling ${name}: started`,
      `pulling ${name}: done`,
    ]);
    const done = events.filter((event) => event.type === 'transfer' && event.done === true);
    expect(done.length).toBeGreaterThanOrEqual(3);
  });

  test('an index goes with all its platforms, and one of them comes back', async () => {
    const arm = await storeImage(space, 'arm64');
    const index = await assembleIndex([image.manifest, arm.manifest], space.blobs);
    const name = `${server.host}/team/many:1`;
    await store.refs.set(name, index);
    await push(name);
    const pulled = await pullImage(name, { os: 'linux', architecture: 'arm64' }, other, work);
    expect(pulled.digest).toBe(arm.manifest.digest);
    expect(other.blobs.has(arm.config.digest)).toBe(true);
    expect(other.blobs.has(image.config.digest)).toBe(false);
  });

  test('all platforms keep the digest of their index, there and back', async () => {
    const arm = await storeImage(space, 'arm64');
    const index = await assembleIndex([image.manifest, arm.manifest], space.blobs);
    const name = `${server.host}/team/whole:1`;
    await store.refs.set(name, index);
    await push(name);
    expect(await pullImage(name, undefined, other, work)).toEqual({ name, digest: index.digest });
    expect(other.blobs.list()).toEqual(store.blobs.list());
    await other.refs.set(`${server.host}/team/again:1`, index);
    const [again] = await pushStored([`${server.host}/team/again:1`], { allTags: false }, other, work);
    expect(again?.digest).toBe(index.digest);
    const seen = await runOk('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`]);
    expect(JSON.parse(seen).manifests.length).toBe(2);
  });

  test('several tags cost their blobs once, and another repository gives what it has', async () => {
    const names = ['tags:1', 'tags:2', 'more:1'].map((name) => `${server.host}/team/${name}`);
    for (const name of names) await store.refs.set(name, image.manifest);
    const pushed = await pushStored(
      [`${server.host}/team/tags`, names[2] ?? ''],
      { allTags: true },
      store,
      work,
    );
    expect(pushed.map((each) => each.name)).toEqual(names);
    const said = events.flatMap((event) =>
      event.type === 'output' ? Buffer.from(event.chunk).toString() : [],
    );
    expect(said).toEqual([
      `${server.host}/team/tags: 3 blobs sent\n`,
      `${server.host}/team/more: 1 blob sent, 2 taken over from another repository\n`,
    ]);
    const listed = await runOk('skopeo', [
      'list-tags',
      '--tls-verify=false',
      `docker://${server.host}/team/tags`,
    ]);
    expect(JSON.parse(listed).Tags.sort()).toEqual(['1', '2']);
  });

  test('an image for one platform is brought for another, and said to be none of it', async () => {
    const name = `${server.host}/team/single:1`;
    await store.refs.set(name, image.manifest);
    await push(name);
    events.length = 0;
    await pullImage(name, amd64, other, work);
    const said = () =>
      events.some(
        (event) =>
          event.type === 'output' &&
          Buffer.from(event.chunk).toString().startsWith('the image is for linux/amd64 alone'),
      );
    expect(said()).toBe(false);
    await pullImage(name, { os: 'linux', architecture: 's390x' }, other, work);
    expect(said()).toBe(true);
  });

  test('what is not there fails, names nothing and says so', async () => {
    const name = `${server.host}/team/none:1`;
    await expect(pullImage(name, amd64, other, work)).rejects.toMatchObject({ code: 'registry-not-found' });
    expect(other.refs.list()).toEqual([]);
    expect(events.at(-1)).toMatchObject({
      type: 'step',
      state: 'failed',
      message: expect.stringContaining('none'),
    });
  });

  test('a layer that is gone from the registry leaves no name', async () => {
    const name = `${server.host}/team/broken:1`;
    await store.refs.set(name, image.manifest);
    await push(name);
    rmSync(server.blobFile(image.config.digest));
    await expect(pullImage(name, amd64, other, work)).rejects.toMatchObject({
      code: expect.stringMatching(/^registry-/),
    });
    expect(other.refs.list()).toEqual([]);
  });

  test('an image known by id under two names is not pushed to both', async () => {
    await store.refs.set(`${server.host}/a:1`, image.manifest);
    await store.refs.set(`${server.host}/b:1`, image.manifest);
    await expect(push(image.config.digest)).rejects.toMatchObject({ code: 'name-needed' });
  });
});
