import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { type RunOptions, runOk } from '../support/process.ts';
import { type RecordedBuild, recordedBuild } from '../support/recorded-build.ts';
import { freePort, type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'a build that cannot succeed', (site) => {
  const dest = site.path('out.tar');
  const kept = site.path('kept');

  let keptBuild: RecordedBuild;

  beforeAll(async () => {
    await site.makeBusyboxBase();
    site.files('kept', { Dockerfile: 'FROM strata-base/busybox\nRUN echo kept > /kept\n' });
    keptBuild = await recordedBuild(site, ['-t', 'kept', kept]);
    writeFileSync(dest, 'from before');
  });

  /** Builds to `dest` and fails; nothing that was there before may be lost. Answers with what was said. */
  const fail = async (code: number, args: readonly string[], options?: RunOptions): Promise<string> => {
    const output = ['--progress', 'quiet', '--output', `type=oci,dest=${dest}`];
    const outcome = await site.strata(['build', ...output, ...args], options);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(readFileSync(dest, 'utf8')).toBe('from before');
    expect(await recordedBuild(site, ['-t', 'kept', kept])).toEqual({
      digest: keptBuild.digest,
      steps: [['[2/2] RUN echo kept > /kept', 'cached']],
    });
    return outcome.stderr.replaceAll(site.dir, 'SITE');
  };

  test('because there is no Dockerfile', async () => {
    const context = site.files('no-dockerfile', { 'a.txt': '' });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "error: there is no Dockerfile at "SITE/no-dockerfile/Dockerfile" [no-dockerfile]
        help: create one, or name another file with -f
      "
    `);
  });

  test('because the Dockerfile is empty', async () => {
    const context = site.files('empty', { Dockerfile: '' });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "Dockerfile:1:1: error: the Dockerfile cannot be empty [file-empty]

           1 |
             | ^

        help: the smallest Dockerfile is one line: FROM scratch
      "
    `);
  });

  test('because of an unknown instruction', async () => {
    const context = site.files('unknown', {
      Dockerfile: 'FROM strata-base/busybox\nRUN true\nCOYP a.txt /\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "Dockerfile:3:1: error: unknown instruction: COYP [unknown-instruction]

           2 | RUN true
           3 | COYP a.txt /
             | ^~~~

        help: did you mean COPY?
      "
    `);
  });

  test('because a COPY source is not there', async () => {
    const context = site.files('missing', {
      Dockerfile: 'FROM scratch\nCOPY a.txt mising.txt /\n',
      'a.txt': '',
      'missing.txt': '',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "Dockerfile:2:12: error: "/mising.txt": not found [source-not-found]

           1 | FROM scratch
           2 | COPY a.txt mising.txt /
             |            ^~~~~~~~~~

        help: did you mean "missing.txt"?
      "
    `);
  });

  test('because an ignore rule hides a COPY source', async () => {
    const context = site.files('hidden', {
      Dockerfile: 'FROM scratch\nCOPY a.txt logs/b.log /\n',
      'a.txt': '',
      'logs/b.log': '',
      '.dockerignore': '# noise\n**/*.log\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "Dockerfile:2:12: error: "/logs/b.log": not found: excluded by .dockerignore line 2: **/*.log [source-not-found]

           1 | FROM scratch
           2 | COPY a.txt logs/b.log /
             |            ^~~~~~~~~~

        help: add a line "!logs/b.log" at the end of the ignore file to take it in after all
      "
    `);
  });

  test('because what looks like a JSON array of paths is none', async () => {
    const context = site.files('copy-no-json', {
      Dockerfile: 'FROM scratch\nCOPY ["a.txt" "b.txt"] /x/\n',
      'a.txt': '',
      'b.txt': '',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "Dockerfile:2:1: error: "[a.txt": syntax error in pattern "[a.txt" [bad-pattern]

           1 | FROM scratch
           2 | COPY ["a.txt" "b.txt"] /x/
             | ^~~~~~~~~~~~~~~~~~~~~~~~~~

        help: this is no JSON array, so each word is a path: a comma is missing between two strings
      "
    `);
  });

  test('because a comment stands behind COPY', async () => {
    const context = site.files('copy-comment', {
      Dockerfile: 'FROM scratch\nCOPY a.txt /b.txt # the first\n',
      'a.txt': '',
      'b.text': '',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "Dockerfile:2:12: error: "/b.txt": not found [source-not-found]

           1 | FROM scratch
           2 | COPY a.txt /b.txt # the first
             |            ^~~~~~

        help: a # behind an instruction does not begin a comment, so each word is a path: a comment needs a line of its own
      "
    `);
  });

  test.each([
    ['COPY ["a b" "c", "/x"]', 'a comma is missing between two strings'],
    ['ADD a.txt /b.txt #first', 'a # behind an instruction does not begin a comment, so each word is a path'],
    ['COPY <<EOF /b # first\nEOF', 'a # behind an instruction does not begin a comment'],
    ['COPY b.txt /x # first', 'did you mean "a.txt"?'],
  ])('with what a path of %j may be', async (instruction, help) => {
    const context = site.files('odd-paths', { Dockerfile: `FROM scratch\n${instruction}\n`, 'a.txt': '' });
    expect(await fail(1, [context])).toContain(help);
  });

  test('because a file stands where WORKDIR wants a directory', async () => {
    const context = site.files('in-the-way', {
      Dockerfile: 'FROM scratch\nCOPY Dockerfile /app\nWORKDIR /app/src\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "Dockerfile:3:1: error: cannot create directory "/app/src": "/app" is a file [not-a-directory]

           2 | COPY Dockerfile /app
           3 | WORKDIR /app/src
             | ^~~~~~~~~~~~~~~~
      "
    `);
  });

  test('because a stage is not there', async () => {
    const context = site.files('no-stage', {
      Dockerfile: 'FROM strata-base/busybox AS build\nRUN true\nFROM scratch\nCOPY --from=biuld /bin/sh /\n',
    });
    // What is no stage may be an image of the usual registry: nobody answers for that here.
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
    const message = await fail(1, [context], { env });
    expect(message.replace(/(note: cannot reach the registry) .*/, '$1 …')).toMatchInlineSnapshot(`
      "Dockerfile:4:13: error: no stage or image called "biuld" [unknown-stage]

           3 | FROM scratch
           4 | COPY --from=biuld /bin/sh /
             |             ^~~~~

        note: stages defined above: build
        note: cannot reach the registry …
        help: did you mean "build"?
      "
    `);
  });

  test('because the target is not there', async () => {
    const context = site.files('no-target', { Dockerfile: 'FROM strata-base/busybox AS build\nRUN true\n' });
    expect(await fail(1, ['--target', 'buidl', context])).toMatchInlineSnapshot(`
      "Dockerfile: error: target stage "buidl" could not be found [unknown-stage]
        note: the only stage is number 0; names: build
        help: did you mean "build"?
      "
    `);
  });

  test('because stages wait for each other', async () => {
    const context = site.files('cycle', {
      Dockerfile: 'FROM scratch AS a\nCOPY --from=b /x /\nFROM scratch AS b\nCOPY --from=a /x /\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "Dockerfile:2:13: error: circular dependency detected on stage: a [circular-stages]

           1 | FROM scratch AS a
           2 | COPY --from=b /x /
             |             ^

        note: "a" takes files from "b"
        note: "b" takes files from "a"
      "
    `);
  });

  test('because a RUN exits with 3', async () => {
    const context = site.files('exits', {
      Dockerfile: 'FROM strata-base/busybox\n\nRUN echo it starts && \\\n    exit 3\nRUN true\n',
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "output of [2/3] RUN echo it starts &&     exit 3:
        | it starts

      Dockerfile:3:1: error: process "/bin/sh -c echo it starts &&     exit 3" did not complete successfully: exit code: 3 [step-failed]

           2 |
      >>>  3 | RUN echo it starts && \\
      >>>  4 |     exit 3

        help: \`strata debug\` opens a shell in this step, as it was left
      "
    `);
  });

  test.each([
    ['of several lines, with a comment among them', 'RUN true && \\\n  # why\n  exit 3', 4],
    ['of a heredoc', 'RUN <<EOF\ntrue\nexit 3\nEOF', 5],
    ['of two heredocs', 'RUN cat <<A <<B && exit 3\na\nA\nb\nB', 6],
  ])('because of a RUN %s, all of which are marked', async (_title, text, last) => {
    const context = site.files('marked', {
      Dockerfile: `FROM strata-base/busybox\n${text}\nRUN true\n`,
    });
    const marked = [...(await fail(1, [context])).matchAll(/^(>>>| {3}) +(\d+) \| ?(.*)$/gm)];
    const lines = text.split('\n').map((line, index) => ['>>>', `${index + 2}`, line]);
    expect(marked.map(([, mark, number, line]) => [mark, number, line])).toEqual([
      ['   ', '1', 'FROM strata-base/busybox'],
      ...lines,
    ]);
    expect(lines.at(-1)?.[1]).toBe(`${last}`);
  });

  test('because what looks like exec form is none, on a line longer than a terminal is wide', async () => {
    const words = Array.from({ length: 30 }, (_, index) => `"word${index}"`).join(', ');
    const context = site.files('no-json', {
      Dockerfile: `FROM strata-base/busybox\nRUN ["echo", ${words}, ]\n`,
    });
    expect(await fail(1, [context])).toMatchInlineSnapshot(`
      "output of [2/2] RUN ["echo", "word0", "word1", "word2", "word3", "word4", "word5", "word6", "word7", "word8",…:
        | /bin/sh: [echo,: not found

      Dockerfile:2:1: error: process "/bin/sh -c ["echo", "word0", "word1", "word2", "word3", "word4", "word5", "word6", "word7", "word8"…" did not complete successfully: exit code: 127 [step-failed]

           1 | FROM strata-base/busybox
           2 | RUN ["echo", "word0", "word1", "word2", "word3", "word4", "word5", "word6", "word7", "word8", "word9", "word10…
             | ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~

        help: this is no JSON array, so the shell was given it as text: a comma stands before its closing bracket
      "
    `);
  });

  test('because the command line is wrong', async () => {
    expect(await fail(2, ['--taget', 'x', kept])).toMatchInlineSnapshot(`
      "error: unknown option "--taget" [unknown-flag]
        help: did you mean --target?
      "
    `);
    expect(await fail(2, [])).toMatchInlineSnapshot(`
      "error: strata build needs CONTEXT [missing-argument]
        help: the directory that COPY takes files from, often ".": strata build .
      "
    `);
    expect(await fail(2, ['--output', 'type=ocl,dest=x', kept])).toMatchInlineSnapshot(`
      "error: --output type=ocl,dest=x: unknown type "ocl" [bad-output]
        help: did you mean type=oci?
      "
    `);
  });

  test('because the context is not there', async () => {
    expect(await fail(1, [site.path('nowhere')])).toMatchInlineSnapshot(`
      "error: the build context "SITE/nowhere" does not exist [no-context]
        help: the last argument names the directory that COPY takes files from, often "."
      "
    `);
  });

  test('because the registry is not there', async () => {
    const port = await freePort();
    const context = site.files('no-registry', { Dockerfile: `FROM 127.0.0.1:${port}/app:1\nRUN true\n` });
    expect((await fail(1, [context])).replaceAll(`${port}`, 'PORT')).toMatchInlineSnapshot(`
      "Dockerfile:1:6: error: cannot reach the registry at 127.0.0.1:PORT: connection refused [registry-unreachable]

           1 | FROM 127.0.0.1:PORT/app:1
             |      ^~~~~~~~~~~~~~~~~~~~~

        help: check that the registry runs and that the port is right
      "
    `);
  });

  test('because the disk is full, and goes on when there is room again', async () => {
    const small = site.path('small-disk');
    mkdirSync(small);
    const env = { STRATA_ROOT: join(small, 'store') };
    await runOk('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', small]);
    try {
      const dockerfile = join(projectDir, 'fixtures/busybox-base/Dockerfile');
      const base = ['build', '-f', dockerfile, '-t', 'strata-base/busybox', site.path('busybox-base')];
      await site.strataOk(base, { env });
      const context = site.files('fills', {
        Dockerfile:
          'FROM strata-base/busybox\nARG MEGABYTES\nRUN dd if=/dev/urandom of=/noise bs=1M count=$MEGABYTES 2> /dev/null\n',
      });
      const build = (megabytes: number): ReturnType<typeof site.strata> =>
        site.strata(
          ['build', '--progress', 'quiet', '-t', 'noise', '--build-arg', `MEGABYTES=${megabytes}`, context],
          { env },
        );
      const failed = { code: 1, stdout: '' };
      const whileItRuns = await build(40);
      expect(whileItRuns).toMatchObject(failed);
      expect(whileItRuns.stderr).toMatchInlineSnapshot(`
        "Dockerfile:3:1: error: process "/bin/sh -c dd if=/dev/urandom of=/noise bs=1M count=$MEGABYTES 2> /dev/null" did not complete successfully: exit code: 1; it left 0 bytes free on the disk [step-disk-full]

             2 | ARG MEGABYTES
             3 | RUN dd if=/dev/urandom of=/noise bs=1M count=$MEGABYTES 2> /dev/null
               | ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~

          help: the disk that holds the store is full: free some space (\`strata prune\` removes what no image needs) and build again
        "
      `);
      const whenItsLayerIsWritten = await build(12);
      expect(whenItsLayerIsWritten).toMatchObject(failed);
      expect(
        whenItsLayerIsWritten.stderr.replace(`${small}/`, '').replace(/run\S+:/, 'FILE:'),
      ).toMatchInlineSnapshot(`
        "error: write store/FILE: no space left on the device [disk-full]
          help: free some space (\`strata prune\` removes what no image needs) and build again; nothing that was stored before is lost
        "
      `);
      expect(await build(3)).toMatchObject({ code: 0 });
    } finally {
      await runOk('umount', [small]);
    }
  });
});

describeBuilds([...sandboxNeeds, 'registry', 'skopeo'], 'a base with a damaged blob', (site) => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry(site.path('registry'));
    await site.makeBusyboxBase();
  });
  afterAll(() => registry?.stop());

  test('fails the build, and is taken when the registry has it whole again', async () => {
    const tar = site.path('base.tar');
    const base = site.files('base', { Dockerfile: 'FROM strata-base/busybox\nRUN echo base > /base\n' });
    await site.strataOk(['build', '--output', `type=oci,dest=${tar}`, base]);
    const name = `${registry.host}/base:1`;
    await runOk('skopeo', [
      'copy',
      '--quiet',
      '--dest-tls-verify=false',
      `oci-archive:${tar}`,
      `docker://${name}`,
    ]);
    const image = JSON.parse(await runOk('skopeo', ['inspect', `oci-archive:${tar}`])) as {
      Layers: string[];
    };
    const blob = registry.blobFile(image.Layers.at(-1) ?? '');

    const whole = readFileSync(blob);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(whole.length >> 1) ^ 1, whole.length >> 1);
    writeFileSync(blob, damaged);
    const context = site.files('app', { Dockerfile: `FROM ${name}\nRUN cat /base > /app\n` });
    const out = site.path('app.tar');
    const env = { STRATA_ROOT: site.path('other-store') };
    const build = ['build', '--progress', 'quiet', '--output', `type=oci,dest=${out}`, context];
    const outcome = await site.strata(build, { env });
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    const message = outcome.stderr.replaceAll(registry.host, 'REGISTRY').replaceAll(/[0-9a-f]{64}/g, 'HEX');
    expect(message).toMatchInlineSnapshot(`
      "Dockerfile:2:1: error: REGISTRY delivered a damaged sha256:HEX: the bytes are not what their name says: want sha256:HEX, got sha256:HEX [digest-mismatch]

           1 | FROM REGISTRY/base:1
           2 | RUN cat /base > /app
             | ^~~~~~~~~~~~~~~~~~~~

        help: the copy in the registry is damaged: push the image again, or use another tag or mirror
      "
    `);
    expect(existsSync(out)).toBe(false);

    writeFileSync(blob, whole);
    expect(await site.strata(build, { env })).toMatchObject({ code: 0 });
  });
});
