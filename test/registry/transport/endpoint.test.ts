import { describe, expect, it } from 'vitest';
import { endpointsOf } from '../../../src/registry/transport/endpoint.ts';

const none = { mirrors: new Map<string, string[]>(), insecure: [] };

describe('endpointsOf', () => {
  it.each([
    ['example.test', 'https://example.test/v2/'],
    ['example.test:5000', 'https://example.test:5000/v2/'],
    ['localhost', 'http://localhost/v2/'],
    ['localhost:5000', 'http://localhost:5000/v2/'],
    ['127.0.0.1:5000', 'http://127.0.0.1:5000/v2/'],
    ['127.9.9.9', 'http://127.9.9.9/v2/'],
    ['[::1]:5000', 'http://[::1]:5000/v2/'],
    ['localhost.example.test', 'https://localhost.example.test/v2/'],
    ['127.0.0.1.example.test', 'https://127.0.0.1.example.test/v2/'],
  ])('%s is asked at %s', (registry, base) => {
    expect(endpointsOf(registry, none).map((each) => each.base.href)).toEqual([base]);
  });

  it('knows that Docker Hub answers at another host than the one in names', () => {
    const [endpoint] = endpointsOf('docker.io', none);
    expect(endpoint).toMatchObject({ registry: 'docker.io', base: { protocol: 'https:' } });
    expect(endpoint?.base.hostname).not.toBe('docker.io');
    expect(endpoint?.base.hostname.endsWith('.docker.io')).toBe(true);
  });

  it.each([
    ['a host', ['plain.test'], 'plain.test', 'http:'],
    ['a host, whatever the port', ['plain.test'], 'plain.test:5000', 'http:'],
    ['a host and port', ['plain.test:5000'], 'plain.test:5000', 'http:'],
    ['another port', ['plain.test:5000'], 'plain.test:5001', 'https:'],
    ['another host', ['plain.test'], 'other.test', 'https:'],
  ])('speaks plain HTTP where it was told to: %s', (_title, insecure, registry, protocol) => {
    expect(endpointsOf(registry, { ...none, insecure })[0]?.base.protocol).toBe(protocol);
  });

  it('puts mirrors first, in order', () => {
    const mirrors = new Map([
      ['example.test', ['http://m1.test:5000', 'm2.test', 'https://m3.test/cache/', '127.0.0.1:5001/v2']],
    ]);
    expect(endpointsOf('example.test', { ...none, mirrors })).toMatchObject([
      { base: { href: 'http://m1.test:5000/v2/' }, registry: 'm1.test:5000', isMirror: true },
      { base: { href: 'https://m2.test/v2/' }, registry: 'm2.test', isMirror: true },
      { base: { href: 'https://m3.test/cache/v2/' }, registry: 'm3.test', isMirror: true },
      { base: { href: 'http://127.0.0.1:5001/v2/' }, registry: '127.0.0.1:5001', isMirror: true },
      { base: { href: 'https://example.test/v2/' }, registry: 'example.test', isMirror: false },
    ]);
  });

  it.each([
    ['ftp://m.test', /"ftp:\/\/m.test" is not a registry mirror/],
    ['http://', /"http:\/\/" is not a registry mirror/],
    ['https://user:secret@m.test', /^the mirror at m.test is given with credentials/],
  ])('refuses the mirror %s', (mirror, message) => {
    const mirrors = new Map([['example.test', [mirror]]]);
    expect(() => endpointsOf('example.test', { ...none, mirrors })).toThrow(
      expect.objectContaining({ code: 'bad-mirror', message: expect.stringMatching(message) }),
    );
  });
});
