import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openAgentDoor } from '../../src/sandbox/agent-door.ts';

let dir: string;
let agent: Server;
const owner = { uid: 1234, gid: 56, mode: 0o600 };

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'strata-agent-'));
  agent = createServer((socket) => socket.on('data', (bytes) => socket.end(`agent got ${bytes}`)));
  agent.listen(join(dir, 'agent'));
  await once(agent, 'listening');
});
afterEach(() => {
  agent.close();
  rmSync(dir, { recursive: true, force: true });
});

test('what is said at the door reaches the agent, and its answer comes back', async () => {
  const door = await openAgentDoor(join(dir, 'agent'), join(dir, 'door'), owner);
  const client = connect(join(dir, 'door'));
  client.write('hello');
  expect(await text(client)).toBe('agent got hello');
  door.close();
});

test('the door belongs to the user of the step, and goes away', async () => {
  const door = await openAgentDoor(join(dir, 'agent'), join(dir, 'door'), owner);
  const { uid, gid, mode } = statSync(join(dir, 'door'));
  expect({ uid, gid, mode: mode & 0o777 }).toEqual(owner);
  door.close();
  expect(statSync(join(dir, 'door'), { throwIfNoEntry: false })).toBeUndefined();
});

test('an agent that is gone closes the connection and harms nobody', async () => {
  agent.close();
  const door = await openAgentDoor(join(dir, 'agent'), join(dir, 'door'), owner);
  const client = connect(join(dir, 'door'));
  client.on('error', () => {});
  client.write('hello');
  expect(await text(client).catch(() => '')).toBe('');
  door.close();
});
