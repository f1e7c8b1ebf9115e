import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { falseClaims, skopeoInspect } from '../support/referees.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...sandboxNeeds, 'skopeo'], 'a deep stack', (site) => {
  beforeAll(() => site.makeBusyboxBase());

  // Overlay takes its lower directories as one mount option of at most a page, where 128 layers do not fit
  // under any but very short names.
  test('of 200 layers runs, and every layer is seen', async () => {
    const depth = 200;
    const numbers = Array.from({ length: depth }, (_, index) => index);
    const context = site.files('deep', {
      ...Object.fromEntries(numbers.map((number) => [`beds/${number}`, `${number}\n`])),
      Dockerfile: [
        'FROM strata-base/busybox',
        ...numbers.map((number) => `COPY beds/${number} /beds/`),
        'RUN test "$(cat /beds/* | wc -l)" = 200 && rm /beds/0 && echo changed > /beds/1',
        'RUN test ! -e /beds/0 && cat /beds/1 /beds/199 > /seen',
        '',
      ].join('\n'),
    });
    const tar = site.path('deep.tar');
    await site.strataOk(['build', '-t', 'deep', '--output', `type=oci,dest=${tar}`, context]);
    expect(await falseClaims(tar)).toEqual([]);
    expect((await skopeoInspect(tar)).Layers).toHaveLength(1 + depth + 2);

    const again = site.files('on-top', { Dockerfile: 'FROM deep\nRUN grep -q changed /seen\n' });
    await site.strataOk(['build', again]);
  });
});
