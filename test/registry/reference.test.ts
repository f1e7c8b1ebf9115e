import { describe, expect, it } from 'vitest';
import { familiarName, parseReference, printReference } from '../../src/registry/reference.ts';

const hex = 'ab'.repeat(32);
const digest = `sha256:${hex}`;

describe('parseReference', () => {
  it.each([
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['team/app', 'docker.io/team/app:latest', 'team/app:latest'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
    ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
    ['localhost:5000/x', 'localhost:5000/x:latest', 'localhost:5000/x:latest'],
    ['127.0.0.1:5000/a/b/c:v1', '127.0.0.1:5000/a/b/c:v1', '127.0.0.1:5000/a/b/c:v1'],
    ['[::1]:5000/x', '[::1]:5000/x:latest', '[::1]:5000/x:latest'],
    ['example.test/x', 'example.test/x:latest', 'example.test/x:latest'],
    ['Example/x', 'Example/x:latest', 'Example/x:latest'],
    ['UPPER.example/a:Tag_1.2-x', 'UPPER.example/a:Tag_1.2-x', 'UPPER.example/a:Tag_1.2-x'],
    ['0', 'docker.io/library/0:latest', '0:latest'],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, `busybox@${digest}`],
    [`busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`, `busybox:1@${digest}`],
    ['a__b/c--d/e.f_g', 'docker.io/a__b/c--d/e.f_g:latest', 'a__b/c--d/e.f_g:latest'],
    ['x:_.-A', 'docker.io/library/x:_.-A', 'x:_.-A'],
    ['localhost', 'docker.io/library/localhost:latest', 'localhost:latest'],
  ])('%s means %s', (text, whole, familiar) => {
    const reference = parseReference(text);
    expect([printReference(reference), familiarName(reference)]).toEqual([whole, familiar]);
    expect(parseReference(whole)).toEqual(reference);
    expect(parseReference(familiar)).toEqual(reference);
  });

  it('takes the parts apart', () => {
    expect(parseReference(`localhost:5000/team/app:1.0@${digest}`)).toEqual({
      registry: 'localhost:5000',
      repository: 'team/app',
      tag: '1.0',
      digest,
    });
  });

  it.each([
    ['', 'it is empty'],
    ['a b', 'it has white space in it'],
    ['https://example.test/x', 'it is a URL'],
    ['Busybox', 'a repository name must be lowercase'],
    ['example.test/App', 'a repository name must be lowercase'],
    ['busybox:', 'the tag is empty'],
    ['busybox:-x', '"-x" is not a tag'],
    [`busybox:${'x'.repeat(129)}`, 'is not a tag'],
    ['busybox@', '"" is not a sha256 digest'],
    [`busybox@sha512:${hex}${hex}`, 'is not a sha256 digest'],
    [`busybox@${digest}:tag`, 'is not a sha256 digest'],
    [hex, '64 hex digits alone are an image id'],
    ['a//b', 'a part between two slashes is empty'],
    ['a/', 'a part between two slashes is empty'],
    ['/a', 'a part between two slashes is empty'],
    ['localhost:5000/', 'the name is empty'],
    ['-a', '"-a" is not allowed in a name'],
    ['a..b', '"a..b" is not allowed in a name'],
    ['a/../b', '".." is not allowed in a name'],
    ['ex_ample.test/x', '"ex_ample.test" is not a registry host'],
    ['user:pass@example.test/x', 'is not a sha256 digest'],
    ['example.test:port/x', '"example.test:port" is not a registry host'],
    [`example.test/${'x'.repeat(255)}`, 'the name is longer than 255 characters'],
  ])('refuses "%s"', (text, why) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'bad-reference', message: expect.stringContaining(why) }),
    );
  });

  it('says what upper case could have been', () => {
    expect(() => parseReference('BusyBox:1')).toThrow(
      expect.objectContaining({ hint: 'did you mean "busybox"?' }),
    );
  });
});
