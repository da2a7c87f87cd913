import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { LookupFunction } from 'node:net';
import { test } from 'node:test';
import { fetch } from 'undici';
import { isAllowedAddress, openGuardedAgent } from './address-guard.ts';

test('addresses of the internet are allowed, and none of a private network, however it is written', () => {
  for (const address of ['93.184.216.34', '8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8']) {
    assert.ok(isAllowedAddress(address, []), address);
  }
  const refused = [
    ...['127.0.0.1', '127.9.9.9', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'],
    ...['224.0.0.1', '255.255.255.255', '192.0.2.1', '198.18.0.1', '240.0.0.1'],
    ...[
      '::1',
      '::',
      'fe80::1',
      'fd00::1',
      '::ffff:127.0.0.1',
      '::ffff:a00:1',
      '64:ff9b::a00:1',
      '64:ff9b:1::a00:1',
      '2002:a00:1::',
      '2001::f5ff:fffe',
      '::127.0.0.1',
      '::ffff:0:127.0.0.1',
      'fec0::1',
      'ff02::1',
      'fe80::1%lo',
    ],
    ...['', 'localhost', '127.0.0.1.'],
  ];
  for (const address of refused) assert.ok(!isAllowedAddress(address, []), address);
  assert.ok(isAllowedAddress('10.1.2.3', ['10.0.0.0/8']));
  assert.ok(isAllowedAddress('::ffff:10.1.2.3', ['10.0.0.0/8']));
  assert.ok(isAllowedAddress('fd00::1', ['10.0.0.0/8', 'fd00::/8']));
  assert.ok(!isAllowedAddress('192.168.1.1', ['10.0.0.0/8']));
});

test('nothing is connected to that a name, an address or a redirection leads to within the network', async () => {
  let [connections, location] = [0, ''];
  const inside = createServer((_, response) => response.end('secret')).listen(0, '127.0.0.1');
  inside.on('connection', () => (connections += 1));
  const outside = createServer((_, response) => response.writeHead(302, { location }).end()).listen(0, '127.0.0.2');
  await Promise.all([once(inside, 'listening'), once(outside, 'listening')]);
  const portOf = (server: typeof inside) => (server.address() as { readonly port: number }).port;
  // One name has a public address and a private one.
  const lookup: LookupFunction = (_, __, callback) =>
    callback(null, [
      { address: '93.184.216.34', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]);
  const agent = openGuardedAgent({ trustedHost: '127.0.0.2', allowedCidrs: [], lookup });
  const refused = async (url: string) => {
    await assert.rejects(fetch(url, { dispatcher: agent }), ({ cause }: Error) => {
      assert.equal((cause as { readonly code?: string }).code, 'PRIVATE_ADDRESS', url);
      return true;
    });
  };
  const port = portOf(inside);
  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '[::1]', 'rebound.example']) {
    await refused(`http://${host}:${port}/`);
    location = `http://${host}:${port}/`;
    await refused(`http://127.0.0.2:${portOf(outside)}/`);
  }
  assert.equal(connections, 0);
  const open = openGuardedAgent({ allowedCidrs: ['127.0.0.0/8'] });
  assert.equal(await (await fetch(`http://localhost:${port}/`, { dispatcher: open })).text(), 'secret');
  await Promise.all([agent.close(), open.close()]);
  inside.close();
  outside.close();
});

test('a proxy is asked by name, and what goes past it is looked at', async (t) => {
  const proxy = createServer((request, response) => response.end(`asked for ${request.url}`)).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as { readonly port: number };
  const before = { ...process.env };
  t.after(() => {
    proxy.close();
    process.env = before;
  });
  process.env = { ...before, http_proxy: `http://127.0.0.1:${port}`, no_proxy: 'localhost' };
  const agent = openGuardedAgent({ allowedCidrs: [], usesEnvProxy: true });
  t.after(() => agent.destroy());
  const response = await fetch('http://outside.example/a.wav', { dispatcher: agent });
  assert.equal(await response.text(), 'asked for http://outside.example/a.wav');
  await assert.rejects(fetch(`http://localhost:${port}/`, { dispatcher: agent }), ({ cause }: Error) => {
    assert.equal((cause as { readonly code?: string }).code, 'PRIVATE_ADDRESS');
    return true;
  });
});
