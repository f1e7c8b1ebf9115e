/**
 * RUN --mount=type=ssh (Dockerfile reference, 3.5): a socket that only the step's user may open, behind which
 * lies an agent of the host. The agent's own socket stays as it is, whoever owns it.
 */
import { once } from 'node:events';
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

export interface AgentDoor {
  close(): void;
}

/**
 * Listens at `path` and joins each connection with one to `agent`.
 * @throws a system error when `path` cannot be listened at
 */
export async function openAgentDoor(
  agent: string,
  path: string,
  owner: { readonly uid: number; readonly gid: number; readonly mode: number },
): Promise<AgentDoor> {
  const open = new Set<Socket>();
  const track = (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    return socket;
  };
  const server = createServer((inside) => {
    const outside = track(connect(agent));
    track(inside);
    // Either end may go at any time; the other one then has nothing left to say.
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      one.on('error', () => other.destroy());
      one.pipe(other);
    }
  });
  server.listen(path);
  await once(server, 'listening');
  chownSync(path, owner.uid, owner.gid);
  chmodSync(path, owner.mode);
  return {
    close() {
      server.close();
      for (const socket of open) socket.destroy();
      rmSync(path, { force: true });
    },
  };
}
