import { describe, expect, test } from 'vitest';
import { hostsFile, resolvConf } from '../../../src/sandbox/bundle/network-files.ts';

test.each([
  ['reached', '10.1.1.1', '10.1.1.1\tgate\n'],
  ['out of reach', undefined, ''],
])(
  'hosts: localhost in both families, the host name, what was added; the host is %s',
  (_title, gateway, line) => {
    const hosts = [
      ['db', '10.0.0.5'],
      ['v6', 'fe80::1'],
      ['gate', 'host-gateway'],
    ] as const;
    expect(hostsFile('builder', hosts, gateway)).toBe(
      `127.0.0.1\tlocalhost builder\n::1\tlocalhost ip6-localhost ip6-loopback\n10.0.0.5\tdb\nfe80::1\tv6\n${line}`,
    );
  },
);

describe('resolv.conf', () => {
  const stub = 'search lan\nnameserver 127.0.0.53\noptions edns0\n';
  test.each([
    ['on the network of the host: as it is', stub, true, stub],
    ['a server elsewhere stays', 'nameserver 10.0.0.1\n', false, 'nameserver 10.0.0.1\n'],
    ['one on loopback goes', 'nameserver 127.0.0.1\nnameserver 10.0.0.1\n', false, 'nameserver 10.0.0.1\n'],
    ['so does the one of IPv6', 'nameserver ::1\nnameserver ::1:2\n', false, 'nameserver ::1:2\n'],
    [
      'none remains: public ones',
      stub,
      false,
      'nameserver 8.8.8.8\nnameserver 8.8.4.4\nsearch lan\noptions edns0\n',
    ],
    ['no file on the host', '', false, 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n'],
  ])('%s', (_title, host, sharesHostNetwork, want) => {
    expect(resolvConf(host, '', sharesHostNetwork)).toBe(want);
  });

  test('none remains: the servers that the host itself asks', () => {
    const upstream = 'nameserver 10.9.9.9\nsearch corp\n';
    expect(resolvConf(stub, upstream, false)).toBe(upstream);
    expect(resolvConf(stub, upstream, true)).toBe(stub);
  });
});
